// Dark on light for the sun, dim for the night: kept by each browser for itself.
const KEPT_AS = "greenline-theme";

export const theme = () => (localStorage.getItem(KEPT_AS) === "night" ? "night" : "sun");

export function showTheme() {
  document.documentElement.dataset.theme = theme();
}

export function changeTheme() {
  localStorage.setItem(KEPT_AS, theme() === "night" ? "sun" : "night");
  showTheme();
}
