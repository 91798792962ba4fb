#!/usr/bin/env node
import { runProgram } from './program.ts';

// Who reads us may stop (`| head`): that is no fault of ours.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
}

async function ask(question: string): Promise<string> {
  const { createInterface } = await import('node:readline/promises');
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const closed = new Promise<string>((resolve) => lines.once('close', () => resolve('')));
  const answer = await Promise.race([lines.question(question), closed]);
  lines.close();
  return answer;
}

process.exitCode = await runProgram(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  isTty: process.stdout.isTTY === true,
  errIsTty: process.stderr.isTTY === true,
  env: process.env,
  ...(process.stdin.isTTY === true && process.stderr.isTTY === true ? { ask } : {}),
});
// Whatever still holds a connection must not keep a finished command alive; output is flushed first.
await Promise.all(
  [process.stdout, process.stderr].map((stream) => new Promise<void>((done) => stream.write('', () => done()))),
);
process.exit();
