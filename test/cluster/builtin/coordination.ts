/** Leases and EndpointSlices: pkg/apis/coordination/validation, pkg/apis/discovery/{v1/defaults,validation}. */
import { isIP } from 'node:net';
import type { FieldError, JsonObject, KubeObject } from '../types.ts';
import {
  invalidValue,
  isValidIP,
  notSupported,
  required,
  tooMany,
  validateImmutable,
  validateText,
} from '../validation.ts';
import { column } from './columns.ts';
import { specChanged, type Rules } from './resource.ts';

interface Lease extends KubeObject {
  spec: {
    holderIdentity?: string;
    leaseDurationSeconds?: number;
    leaseTransitions?: number;
  };
}

function dropCoordination({ spec }: KubeObject & { spec: JsonObject }): void {
  delete spec['strategy'];
  delete spec['preferredHolder'];
}

export const leaseRules: Rules = {
  createOnUpdate: true,
  unconditionalUpdate: false,
  // pkg/registry/coordination/lease/strategy.go: without the gate CoordinatedLeaderElection its fields are dropped.
  prepareCreate: (object) => dropCoordination(object as KubeObject & { spec: JsonObject }),
  prepareUpdate: (object) => dropCoordination(object as KubeObject & { spec: JsonObject }),
  validate(object) {
    const { leaseDurationSeconds, leaseTransitions } = (object as Lease).spec;
    const errors: FieldError[] = [];
    if (leaseDurationSeconds !== undefined && leaseDurationSeconds <= 0)
      errors.push(invalidValue('spec.leaseDurationSeconds', leaseDurationSeconds, 'must be greater than 0'));
    if (leaseTransitions !== undefined && leaseTransitions < 0)
      errors.push(invalidValue('spec.leaseTransitions', leaseTransitions, 'must be greater than or equal to 0'));
    return errors;
  },
  columns: [column('Holder', (object) => (object as Lease).spec.holderIdentity ?? '')],
};

interface EndpointSlice extends KubeObject {
  addressType?: string;
  ports?: { name?: string; protocol?: string; port?: number }[] | null;
  endpoints?: { addresses?: string[]; conditions?: unknown }[] | null;
}

const ADDRESS_TYPES = ['FQDN', 'IPv4', 'IPv6'];

/** validateEndpoints: as many as there must be, and of the family that the slice names. */
function validateAddresses(addresses: string[], addressType: string, path: string): FieldError[] {
  if (addresses.length === 0) return [required(path, 'must contain at least 1 address')];
  if (addresses.length > 100) return [tooMany(path, addresses.length, 100)];
  if (addressType === 'FQDN') return [];
  return addresses.flatMap((address, index) => {
    const bad = validateText(isValidIP, `${path}[${index}]`, address);
    if (bad.length > 0 || `IPv${isIP(address)}` === addressType) return bad;
    return [invalidValue(path, address, `must be an ${addressType} address`)];
  });
}

export const endpointSliceRules: Rules = {
  metadataOnUpdate: true,
  generationOn: (object, old) => {
    const content = ({ metadata: _metadata, ...rest }: KubeObject): string => JSON.stringify(rest);
    return content(object) !== content(old) || specChanged(object, old);
  },
  defaults(object) {
    const slice = object as EndpointSlice;
    slice.ports ??= null;
    slice.endpoints ??= null;
    for (const port of slice.ports ?? []) {
      port.name ??= '';
      port.protocol ??= 'TCP';
    }
    for (const endpoint of slice.endpoints ?? []) endpoint.conditions ??= {};
  },
  validate(object, old) {
    const { addressType = '', endpoints } = object as EndpointSlice;
    const known = ADDRESS_TYPES.includes(addressType);
    return [
      ...(known ? [] : [notSupported('addressType', addressType, ADDRESS_TYPES)]),
      ...(endpoints ?? []).flatMap(({ addresses = [] }, index) =>
        validateAddresses(addresses, addressType, `endpoints[${index}].addresses`),
      ),
      ...(old ? validateImmutable(addressType, (old as EndpointSlice).addressType, 'addressType') : []),
    ];
  },
  columns: [
    column('AddressType', (object) => (object as EndpointSlice).addressType ?? ''),
    column('Ports', (object) => {
      const ports = (object as EndpointSlice).ports ?? [];
      return ports.length > 0 ? ports.map(({ port }) => port ?? '*').join(',') : '<unset>';
    }),
    column('Endpoints', (object) => {
      const addresses = ((object as EndpointSlice).endpoints ?? []).flatMap((endpoint) => endpoint.addresses ?? []);
      const shown = addresses.slice(0, 3).join(',');
      return addresses.length > 3 ? `${shown} + ${addresses.length - 3} more...` : shown || '<unset>';
    }),
  ],
};
