import { expect, it } from 'vitest';
import { fail } from '../../shared/errors.ts';
import { fieldErrors } from './field-errors.ts';

it('finds the field a message belongs to', () => {
  const fields = ['name', 'source', 'source.paths', 'options.filters'] as const;
  const at = (field: string) => fieldErrors(fail('usage', 'invalid', 'no', { details: { field } }).data, fields);
  expect(at('draft.source.paths.0')).toEqual({ 'source.paths': 'no' });
  expect(at('draft.source.hostId')).toEqual({ source: 'no' });
  expect(at('options.filters.3')).toEqual({ 'options.filters': 'no' });
  expect(at('other')).toBeNull();
  expect(fieldErrors(fail('usage', 'name-taken', 'taken').data, fields, { 'name-taken': 'name' })).toEqual({
    name: 'taken',
  });
  const long = fail('usage', 'bad-input', '“draft.name” is not valid: a name is needed.', {
    details: { field: 'draft.name' },
  });
  expect(fieldErrors(long.data, fields)).toEqual({ name: 'Not valid: a name is needed.' });
  expect(fieldErrors(fail('internal', 'x', 'no').data, fields)).toBeNull();
});
