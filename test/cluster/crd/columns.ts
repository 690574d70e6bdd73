import { age, nameColumn } from '../builtin/columns.ts';
import type { Column } from '../types.ts';
import { jsonPath } from './jsonpath.ts';

export interface PrinterColumn {
  name: string;
  type: string;
  jsonPath: string;
  format?: string;
  description?: string;
  priority?: number;
}

const defaultColumns: PrinterColumn[] = [
  {
    name: 'Age',
    type: 'date',
    jsonPath: '.metadata.creationTimestamp',
    description:
      'CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata',
  },
];

/** The columns of a custom resource: its name, then those of the definition, by default its age (customresource/tableconvertor). */
export function customColumns(columns: readonly PrinterColumn[] | undefined): Column[] {
  const shown = columns === undefined || columns.length === 0 ? defaultColumns : columns;
  return [nameColumn, ...shown.map(customColumn)];
}

function customColumn({ name, type, jsonPath: path, format, description, priority }: PrinterColumn): Column {
  const read = jsonPath(path);
  return {
    name,
    type,
    format: format ?? '',
    description: description || `Custom resource definition column (in JSONPath format): ${path}`,
    priority: priority ?? 0,
    value: (object, now) => cell(read(object)[0], type, now),
  };
}

function cell(value: unknown, type: string, now: Date): unknown {
  if (value === undefined || value === null) return null;
  if (type === 'integer' && typeof value === 'number') return Math.trunc(value);
  if (type === 'number' && typeof value === 'number') return value;
  if (type === 'boolean' && typeof value === 'boolean') return value;
  if (type === 'string') return typeof value === 'string' ? value : JSON.stringify(value);
  if (type === 'date' && typeof value === 'string')
    return Number.isNaN(Date.parse(value)) ? '<invalid>' : age(value, now);
  return null;
}
