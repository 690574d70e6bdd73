/** Reads the Dockerfile: as much of its language as is used, and no guess about the rest. */

export interface Instruction {
  word: 'WORKDIR' | 'COPY' | 'RUN' | 'USER' | 'ENTRYPOINT' | 'CMD' | 'LABEL' | 'EXPOSE';
  /** Of COPY: `from` of its flag. */
  flags: Record<string, string>;
  /** The words after it; those of a JSON array where it is one. */
  args: string[];
}

export interface Stage {
  /** The image that it begins with. */
  base: string;
  name: string | undefined;
  instructions: Instruction[];
}

const KNOWN = new Set(['WORKDIR', 'COPY', 'RUN', 'USER', 'ENTRYPOINT', 'CMD', 'LABEL', 'EXPOSE']);
const isWord = (word: string): word is Instruction['word'] => KNOWN.has(word);

const argumentsOf = (text: string): string[] =>
  text.startsWith('[') ? (JSON.parse(text) as string[]) : text.split(/\s+/).filter((word) => word !== '');

/** The stages in order. @throws Error for an instruction that it does not know */
export const parseDockerfile = (text: string): Stage[] => {
  const lines = text
    .split('\n')
    .filter((line) => !line.trimStart().startsWith('#'))
    .join('\n')
    .replaceAll('\\\n', ' ')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const stages: Stage[] = [];
  for (const line of lines) {
    const [, word = '', flagText = '', rest = ''] = /^(\S+)\s+((?:--\S+\s+)*)(.*)$/.exec(line) ?? [];
    const flags = Object.fromEntries(
      [...flagText.matchAll(/--([a-z]+)=(\S+)/g)].map(([, key = '', value = '']) => [key, value]),
    );
    const stage = stages.at(-1);
    if (word === 'FROM') {
      const [base = '', , name] = rest.split(/\s+/);
      stages.push({ base, name, instructions: [] });
    } else if (isWord(word) && stage !== undefined) {
      stage.instructions.push({ word, flags, args: argumentsOf(rest) });
    } else {
      throw new Error(`the Dockerfile says ${word}, which hack/image does not know`);
    }
  }
  return stages;
};
