/** Whether the settings show one pane at a time; the same width stands in settings.css. */
export const narrow = (): boolean => matchMedia("(max-width: 760px)").matches;
