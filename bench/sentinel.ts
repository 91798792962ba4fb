import { DEFAULT_CONFIG } from '../src/daemon/config/config.ts';
import { responderSettings } from '../src/daemon/parts.ts';
import type { Step } from '../src/domain/step.ts';
import { RehearsedPartition } from '../src/rehearsal/rehearsed-partition.ts';
import { compileRules } from '../src/rules/compile.ts';
import { loadRules } from '../src/rules/load.ts';
import { flagText } from './flags.ts';
import type { WorkEvent } from './workload.ts';

/** Our own way from bytes to decisions, without a log or a store: decoder, engine and responder of one partition. */
export class SentinelInProcess {
  readonly flagged = new Set<string>();
  readonly #partition: RehearsedPartition;
  decisions = 0;
  #offset = 0;

  private constructor(rules: ReturnType<typeof compileRules>) {
    const { topics, format, tools, sessionEndsAfterMs } = DEFAULT_CONFIG;
    const responder = responderSettings(DEFAULT_CONFIG, 'bench');
    const settings = { topic: topics.events, format, tools, sessionEndsAfterMs, responder };
    this.#partition = new RehearsedPartition(0, rules, settings, (step) => this.#note(step));
  }

  static async open(rulesDir: string): Promise<SentinelInProcess> {
    const result = await loadRules([rulesDir]);
    if (result.status === 'invalid') throw new Error(result.problems.map(({ message }) => message).join('\n'));
    return new SentinelInProcess(compileRules(result.set));
  }

  get engine(): RehearsedPartition['engine'] {
    return this.#partition.engine;
  }

  take({ bytes, ts }: WorkEvent): void {
    const rejection = this.#partition.decoder.decode(bytes);
    if (rejection !== null) throw new Error(`event ${this.#offset} is none: ${rejection.detail}`);
    this.#partition.step(this.#offset++, ts);
  }

  #note(step: Step): void {
    if (step.type === 'attempt') this.decisions++;
    if (step.type !== 'alert' || step.alert.state !== 'firing') return;
    const { rule, key } = step.alert;
    this.flagged.add(flagText(rule.name, String(key.tenant), key.session));
  }
}
