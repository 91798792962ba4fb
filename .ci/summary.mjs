// One line from vitest's JSON report: `N passed, N failed, N skipped`.
// A file that could not be loaded has no tests, and a run that broke may have no report: both count as a failure.
import { existsSync, readFileSync } from 'node:fs';

const [path = '', exitCode = '0'] = process.argv.slice(2);
const files = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).testResults : [];
const outcomes = files.flatMap((file) =>
  file.assertionResults.length === 0 && file.status === 'failed'
    ? ['failed']
    : file.assertionResults.map(({ status }) => status),
);
const passed = outcomes.filter((outcome) => outcome === 'passed').length;
const failed = outcomes.filter((outcome) => outcome === 'failed').length;
const broken = exitCode !== '0' && failed === 0 ? 1 : 0;

console.log(`${passed} passed, ${failed + broken} failed, ${outcomes.length - passed - failed} skipped`);
