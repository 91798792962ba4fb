/** A process that does one thing: its input is its one argument, its result its one message. */
export async function task<In, Out>(work: (input: In) => Promise<Out> | Out): Promise<void> {
  try {
    process.send?.({ result: await work(taskInput<In>()) });
  } catch (error) {
    console.error(error);
    process.exit(1);
  }
}

export function taskInput<In>(): In {
  return JSON.parse(process.argv[2] ?? '{}') as In;
}

/** CPU seconds of this process that a piece of work took. */
export function cpuOf(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}
