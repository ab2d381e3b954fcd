/** One question to a connector. What is wrong comes as sentences that say what to do; none: all is well. */
export interface Question {
  asks: string
  objections(): readonly string[] | Promise<readonly string[]>
}

/** The objections, where a throw is one more of them. */
export async function objectionsTo(question: Question): Promise<readonly string[]> {
  try {
    return await question.objections()
  } catch (error) {
    return [`It threw ${String(error)}`]
  }
}

/** A sentence where something is wrong, nothing where it is not. */
export function unless(well: boolean, sentence: string): string[] {
  return well ? [] : [sentence]
}
