/** The least that a consumer in JavaScript can do: kafkajs, and JSON.parse. */
import { taskInput } from '../tasks/task.ts';
import { type BaselineInput, consume } from './consumer.ts';

let last: unknown;
await consume(taskInput<BaselineInput>(), (value) => {
  last = JSON.parse(value.toString('utf8'));
});
process.on('exit', () => void last);
