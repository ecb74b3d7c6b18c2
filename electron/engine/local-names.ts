import type { ByteString } from '../../shared/model/path.ts';
import type { EngineEvent } from './events.ts';
import { charsetOf } from './wire/charset.ts';

/**
 * Of a local pair with `--iconv`, this side receives and its names are in the far charset: they are told in the one of
 * whoever asked. What a hard link was made to is told as it is, as in rsync.
 * @param iconv `FAR,NEAR`: how the receiving half has it
 * @param convertsLinks whether what links lead to was converted on its way
 */
export function namesToldNear(
  iconv: ByteString,
  convertsLinks: () => boolean,
  tell: (event: EngineEvent) => void,
): (event: EngineEvent) => void {
  const far = charsetOf(iconv, false);
  const near = charsetOf(iconv, true);
  const told = (name: ByteString): ByteString => near.textFromWire(far.textToWire(name));
  const target = (link: ByteString | null): ByteString | null =>
    link === null || !convertsLinks() ? link : told(link);
  return (event) => {
    switch (event.type) {
      case 'item':
        return tell({ ...event, name: told(event.name), link: target(event.link) });
      case 'transferred':
      case 'deleted':
      case 'progress':
        return tell({ ...event, name: told(event.name) });
      case 'listed':
        return tell({
          ...event,
          entry: { ...event.entry, name: told(event.entry.name), link: target(event.entry.link) },
        });
      case 'message':
        return tell(event.from === 'remote' ? { ...event, text: told(event.text) } : event);
      default:
        return tell(event);
    }
  };
}
