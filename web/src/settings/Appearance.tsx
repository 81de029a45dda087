import { setTheme, type Theme, theme } from "../state/theme";
import { language, languageNames, switchLanguage } from "../strings";
import { s } from "../strings/settings";
import { Block } from "../ui/Block";
import { Choice } from "../ui/Choice";

const THEMES: Theme[] = ["system", "light", "dark"];

export function Appearance() {
  return (
    <>
      <Block title={s.appearance.theme}>
        <Choice
          label={s.appearance.theme}
          options={THEMES.map((value) => ({ value, label: s.appearance.themes[value] ?? value }))}
          value={theme.value}
          onChange={setTheme}
          testId="theme"
        />
      </Block>
      <Block title={s.appearance.language} text={s.appearance.languageHint}>
        <Choice
          label={s.appearance.language}
          options={Object.entries(languageNames).map(([value, label]) => ({ value, label, lang: value }))}
          value={language}
          onChange={(code) => code !== language && switchLanguage(code)}
          testId="language"
        />
      </Block>
    </>
  );
}
