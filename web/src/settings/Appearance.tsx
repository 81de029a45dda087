import { setTheme, type Theme, theme } from "../state/theme";
import { language, languageNames, switchLanguage, t } from "../strings";

const THEMES: Theme[] = ["system", "light", "dark"];

export function Appearance() {
  return (
    <section class="settings-section">
      <h3>{t.settings.appearance}</h3>
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset is for forms. */}
      <div class="segmented" role="group" aria-label={t.settings.theme}>
        {THEMES.map((one) => (
          <button
            key={one}
            type="button"
            aria-pressed={theme.value === one}
            onClick={() => setTheme(one)}
            data-testid={`theme-${one}`}
          >
            {t.settings.themes[one]}
          </button>
        ))}
      </div>
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset is for forms. */}
      <div class="segmented" role="group" aria-label={t.settings.language}>
        {Object.entries(languageNames).map(([code, name]) => (
          <button
            key={code}
            type="button"
            lang={code}
            aria-pressed={language === code}
            onClick={() => code !== language && switchLanguage(code)}
            data-testid={`language-${code}`}
          >
            {name}
          </button>
        ))}
      </div>
    </section>
  );
}
