/** Custom resources: their definitions, and what these make the server serve. */
export { customResourceDefinitionResource, type CustomResourceDefinition, type Version } from './definition.ts';
export { customResourceDefinitionController } from './controller.ts';
export { resourceOf } from './resource.ts';
