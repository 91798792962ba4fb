/** `npm run dev`: Kafka, Redis and the daemon, which is started again when something under src/ or rules/ changes. */
import { spawn } from 'node:child_process';
import { hold } from '../test/services/leash.ts';
import { startServices } from '../test/services/services.ts';

const services = await startServices().catch((error: Error) => {
  console.error(error.message);
  return process.exit(1);
});

// A process group of its own: on Ctrl-C we tell it to stop, and the services outlive the daemon's last commit.
const daemon = spawn(
  process.execPath,
  [
    'node_modules/tsx/dist/cli.mjs',
    'watch',
    '--include',
    'rules/**',
    'src/cli/main.ts',
    'run',
    ...process.argv.slice(2),
  ],
  {
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, KAFKA_BROKERS: services.kafkaBrokers.join(','), REDIS_URL: services.redisUrl },
  },
);
hold(daemon);

// `on`, not `once`: Ctrl-C may reach us twice, from the terminal and from the runner above us.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => daemon.kill('SIGTERM'));
daemon.once('exit', async (code) => {
  await services.stop();
  process.exitCode = code ?? 0;
});
