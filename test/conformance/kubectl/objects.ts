/** Objects that kubectl handles in the tests. */

export const configMap = (name: string, data: Record<string, string>, metadata: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...metadata },
  data,
});

export const deployment = (name: string, image: string): object => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: {
    replicas: 0,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { containers: [{ name: 'app', image, ports: [{ containerPort: 8080 }] }] },
    },
  },
});

export const service = (name: string): object => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name },
  spec: { selector: { app: name }, ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
});

/** A definition of Widgets in the given group, with columns, a status and a rule. */
export const widgetDefinition = (group: string): object => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `widgets.${group}` },
  spec: {
    group,
    scope: 'Namespaced',
    names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList', shortNames: ['wdg'] },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: { status: {} },
        additionalPrinterColumns: [
          { name: 'Size', type: 'integer', jsonPath: '.spec.size' },
          { name: 'Colour', type: 'string', jsonPath: '.spec.colour', priority: 1 },
        ],
        schema: { openAPIV3Schema: widgetSchema },
      },
    ],
  },
});

const widgetSchema = {
  description: 'A Widget is a thing of a size.',
  type: 'object',
  required: ['spec'],
  properties: {
    spec: {
      description: 'What the widget is to be.',
      type: 'object',
      required: ['size'],
      properties: {
        size: { description: 'Its size in metres.', type: 'integer', minimum: 1 },
        colour: { description: 'What it looks like.', type: 'string', default: 'grey' },
      },
      'x-kubernetes-validations': [
        { rule: "self.size < 100 || self.colour == 'red'", message: 'a big widget must be red' },
      ],
    },
    status: { type: 'object', properties: { ready: { type: 'boolean' } } },
  },
};

export const widget = (group: string, name: string, spec: object): object => ({
  apiVersion: `${group}/v1`,
  kind: 'Widget',
  metadata: { name },
  spec,
});
