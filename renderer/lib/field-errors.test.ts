import { expect, it } from 'vitest';
import { fail } from '../../shared/errors.ts';
import { fieldErrors } from './field-errors.ts';

it('finds the field a message belongs to', () => {
  const fields = ['name', 'source', 'source.path', 'options.excludes'] as const;
  const at = (field: string) => fieldErrors(fail('usage', 'invalid', 'no', { details: { field } }).data, fields);
  expect(at('draft.source.path')).toEqual({ 'source.path': 'no' });
  expect(at('draft.source.hostId')).toEqual({ source: 'no' });
  expect(at('options.excludes.3')).toEqual({ 'options.excludes': 'no' });
  expect(at('other')).toBeNull();
  expect(fieldErrors(fail('internal', 'x', 'no').data, fields)).toBeNull();
});
