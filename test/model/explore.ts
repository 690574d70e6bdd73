/** Explicit-state model checking: every state that any order of moves can reach, breadth first, so that a story is a shortest one. */

export interface Move<S> {
  name: string;
  to: S;
}

export interface Model<S> {
  initial: S;
  moves(state: S): Move<S>[];
  /** What is wrong with a state, if anything is. */
  violation(state: S): string | undefined;
  /** From every state, some way must lead to one of these. */
  isGoal(state: S): boolean;
  /** Equal texts are equal states. */
  key(state: S): string;
}

export interface Exploration {
  states: number;
  moves: number;
  /** So many moves were made in any order. */
  depth: number;
  /** Every reachable state was visited; false when the limit was reached first. */
  complete: boolean;
  /** The shortest story that ends in a violation, or in a state from which no way leads to a goal. */
  counterExample: { why: string; story: string[] } | undefined;
}

/** Visits up to `limit` states, and stops at the first violation. */
export const explore = <S>(model: Model<S>, limit: number): Exploration => {
  const numbers = new Map<string, number>([[model.key(model.initial), 0]]);
  const reached: { from: number; by: string }[] = [{ from: -1, by: 'the beginning' }];
  const leadsTo: number[][] = [];
  const goals: number[] = [];
  const storyTo = (state: number): string[] => {
    const story: string[] = [];
    for (let at = state; at > 0; at = reached[at]?.from ?? -1) story.unshift(reached[at]?.by ?? '');
    return story;
  };
  let moves = 0;
  let depth = 0;
  let frontier: S[] = [model.initial];
  let first = 0;
  const found = (why: string, state: number): Exploration => ({
    states: numbers.size,
    moves,
    depth,
    complete: false,
    counterExample: { why, story: storyTo(state) },
  });
  while (frontier.length > 0) {
    const following: S[] = [];
    for (const [index, state] of frontier.entries()) {
      const from = first + index;
      const why = model.violation(state);
      if (why !== undefined) return found(why, from);
      if (model.isGoal(state)) goals.push(from);
      leadsTo[from] = [];
      for (const { name, to } of model.moves(state)) {
        moves += 1;
        const key = model.key(to);
        let number = numbers.get(key);
        if (number === undefined) {
          number = numbers.size;
          numbers.set(key, number);
          reached.push({ from, by: name });
          following.push(to);
        }
        leadsTo[from].push(number);
      }
    }
    first += frontier.length;
    frontier = following;
    if (frontier.length > 0) depth += 1;
    if (numbers.size > limit) return { states: numbers.size, moves, depth, complete: false, counterExample: undefined };
  }
  const lost = firstWithoutWay(leadsTo, goals);
  if (lost !== undefined) return found('nothing leads to the end from here', lost);
  return { states: numbers.size, moves, depth, complete: true, counterExample: undefined };
};

/** The first state from which no goal can be reached. */
const firstWithoutWay = (leadsTo: readonly number[][], goals: readonly number[]): number | undefined => {
  const comesFrom: number[][] = leadsTo.map(() => []);
  for (const [from, targets] of leadsTo.entries()) for (const to of targets) comesFrom[to]?.push(from);
  const saved = new Uint8Array(leadsTo.length);
  const open = [...goals];
  for (const goal of goals) saved[goal] = 1;
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    for (const from of comesFrom[at] ?? []) {
      if (saved[from] === 1) continue;
      saved[from] = 1;
      open.push(from);
    }
  }
  const lost = saved.indexOf(0);
  return lost === -1 ? undefined : lost;
};
