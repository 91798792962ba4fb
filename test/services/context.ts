/** What test/services/setup.ts hands to the tests of the `real` project. */
import { inject } from 'vitest';

declare module 'vitest' {
  export interface ProvidedContext {
    kafkaBrokers: string[];
    redisUrl: string;
  }
}

/** The shared broker. Other tests use it too: make topic and group names of your own with `unique`. */
export function kafkaBrokers(): string[] {
  return inject('kafkaBrokers');
}

/** The shared Redis. Other tests use it too: give a `key_prefix`, or start a private one with `startRedis`. */
export function redisUrl(): string {
  return inject('redisUrl');
}

let counter = 0;

/** A name that no other test and no earlier run has, for topics, groups and prefixes. */
export function unique(name: string): string {
  counter += 1;
  return `${name}-${Date.now().toString(36)}-${process.pid}-${counter}`;
}
