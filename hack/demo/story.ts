/** Tells the demo: a title per step, a line per fact, and a failure as soon as a fact is not as told. */

import { styleText } from 'node:util';

export class Story {
  readonly #started = performance.now();
  #steps = 0;
  #facts = 0;

  step(title: string): void {
    this.#steps += 1;
    console.log(`\n${styleText('bold', `${this.#steps}. ${title}`)}`);
  }

  /** A line that explains; nothing is checked. */
  say(text: string): void {
    for (const line of text.split('\n')) console.log(`   ${line}`);
  }

  /** What somebody would type. */
  command(text: string): void {
    console.log(`   ${styleText('cyan', `$ ${text}`)}`);
  }

  /** A fact that the cluster answered. Throws when it does not hold. */
  check(holds: boolean, fact: string, seen?: unknown): void {
    if (!holds)
      throw new Error(`not as told: ${fact}${seen === undefined ? '' : `\n   seen: ${JSON.stringify(seen)}`}`);
    this.#facts += 1;
    console.log(`   ${styleText('green', '✓')} ${fact}`);
  }

  end(): void {
    const seconds = ((performance.now() - this.#started) / 1000).toFixed(1);
    console.log(`\n${styleText(['bold', 'green'], `All ${this.#facts} facts are as told`)}, in ${seconds} s.`);
  }
}
