/** Times in the visitor's own zone and words; the server wrote them in UTC. */
export function localizeTimes(within: ParentNode = document): void {
  const words = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
  for (const element of within.querySelectorAll("time[datetime^='2']")) {
    const at = Date.parse(element.getAttribute("datetime") ?? "");
    if (!Number.isNaN(at)) element.textContent = words.format(at);
  }
}
