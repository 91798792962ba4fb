/** Run as a process of its own: writes to an embedded store while no file takes a byte behind its first pages, then again. */
import { execFileSync } from 'node:child_process';
import { EmbeddedStore } from '../../../src/adapters/embedded/store.ts';
import { messageOf } from '../../../src/domain/errors.ts';

const store = EmbeddedStore.open(process.argv[2]!);
const numbers = store.table<number, string>('numbers');
const texts = store.binaryTable<string>('texts');

/** lmdb never writes in place: for it this is a full disk. */
function fill(bytes: number | 'unlimited'): void {
  execFileSync('prlimit', [`--pid=${process.pid}`, `--fsize=${bytes}:unlimited`]);
}

async function tell(attempt: () => Promise<unknown>): Promise<void> {
  await attempt().then(
    () => console.log('done'),
    (error: unknown) => console.log(messageOf(error)),
  );
}

await tell(() => store.writeLater(() => void numbers.put('a', 1)));
fill(4_096);
for (let each = 0; each < 3; each += 1) {
  await tell(() => store.writeLater(() => void numbers.put('a', 2)));
  await tell(() => store.putLater(texts, 'b', Buffer.alloc(9_000)));
}
fill('unlimited');
console.log(store.read(() => numbers.get('a')));
await tell(() => store.writeLater(() => void numbers.put('a', 3)));
console.log(store.read(() => numbers.get('a')));
await store.close();
