/** The drawings: those of the tray, and the few that only the window needs. */

const tray = import.meta.glob<string>('../../../src-tauri/icons/tray/22/*.svg', {
  query: '?raw',
  import: 'default',
  eager: true,
});
const own = import.meta.glob<string>('./drawings/*.svg', {
  query: '?raw',
  import: 'default',
  eager: true,
});

/** The names of the tray's drawings, then of our own. */
export type DrawingName =
  | 'no-broker'
  | 'another-version'
  | 'not-enrolled'
  | 'pool-unreachable'
  | 'unconfirmed'
  | 'signed-out'
  | 'no-seat'
  | 'waiting'
  | 'your-turn'
  | 'holding'
  | 'idle-warning'
  | 'lost'
  | 'offered'
  | 'leaving'
  | 'standing'
  | 'chevron'
  | 'eye'
  | 'eye-off'
  | 'alert';

const byName = new Map(
  Object.entries({ ...tray, ...own }).map(([path, svg]) => [
    path.slice(path.lastIndexOf('/') + 1, -'.svg'.length),
    svg,
  ]),
);

/** The SVG text of a drawing; it comes from files of this project, never from outside. */
export function drawing(name: DrawingName): string {
  const svg = byName.get(name);
  if (svg === undefined) throw new Error(`there is no drawing ${name}`);
  return svg;
}
