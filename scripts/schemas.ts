import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { auditJsonSchema } from '../src/audit/schema.ts';
import { eventJsonSchema } from '../src/domain/event/schema.ts';
import { rulesJsonSchema } from '../src/rules/schema.ts';

/** A JSON Schema that the package ships, and what it is generated from. */
export interface ShippedSchema {
  /** Below the repository's root. */
  readonly file: string;
  readonly build: () => Record<string, unknown>;
}

/** Every shipped schema. `npm run schemas` writes the files; a test compares them with what would be written. */
export const SHIPPED_SCHEMAS: readonly ShippedSchema[] = [
  { file: 'schema/audit.schema.json', build: auditJsonSchema },
  { file: 'schema/event.schema.json', build: eventJsonSchema },
  { file: 'schema/rules.schema.json', build: rulesJsonSchema },
];

/** A schema as its file holds it. */
export function schemaText(schema: ShippedSchema): string {
  return `${JSON.stringify(schema.build(), null, 2)}\n`;
}

/** Where a shipped schema lies. */
export function schemaPath(schema: ShippedSchema): string {
  return fileURLToPath(new URL(`../${schema.file}`, import.meta.url));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const schema of SHIPPED_SCHEMAS) {
    mkdirSync(dirname(schemaPath(schema)), { recursive: true });
    writeFileSync(schemaPath(schema), schemaText(schema));
  }
}
