/** Words in both languages of the house. Arabic is written, not translated. */
export interface Text {
  en: string
  ar: string
}

export type Language = keyof Text
