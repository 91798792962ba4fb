import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { SHIPPED_SCHEMAS, schemaPath, schemaText } from '../../scripts/schemas.ts';

describe.each(SHIPPED_SCHEMAS)('$file', (schema) => {
  it('is what its source generates now (else: npm run schemas)', () => {
    expect(readFileSync(schemaPath(schema), 'utf8')).toBe(schemaText(schema));
  });

  it('is a schema that validators take', () => {
    expect(() => new Ajv({ strict: false, validateFormats: false }).compile(schema.build())).not.toThrow();
  });
});
