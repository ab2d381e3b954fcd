/** Words in both languages of the house. */
export interface Text {
  en: string
  ar: string
}
