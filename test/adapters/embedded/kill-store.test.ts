import { killStoreConformance } from '../../conformance/kill-store.ts';
import { embeddedHarness } from './kill-harness.ts';

killStoreConformance('embedded', embeddedHarness);
