/** The Markdown files of the repository. */
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { REPOSITORY } from '../e2e/support/manifests.ts';

export const readPage = (page: string): string => readFileSync(path.join(REPOSITORY, page), 'utf8');

const find = (...patterns: string[]): string[] => globSync(patterns, { cwd: REPOSITORY }).toSorted();

/** Pages with commands and YAML for readers. References are generated, and decisions are history. */
export const STORIES = find('README.md', 'CONTRIBUTING.md', 'docs/*.md', 'config/**/README.md');

export const PAGES = [...STORIES, ...find('SECURITY.md', 'docs/*/*.md', 'test/**/*.md')];
