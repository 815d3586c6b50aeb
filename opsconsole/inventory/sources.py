"""The one door to an inventory: whatever describes hosts goes in, an Inventory comes out."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from opsconsole.config import paths, reader
from opsconsole.config.document import Defaults, Document, HostEntry, Import
from opsconsole.config.kinds import is_name
from opsconsole.config.problems import Mark, Problems
from opsconsole.inventory import ansible_file, service_build, ssh_config
from opsconsole.inventory.assemble import Assembly, merged, unfolded
from opsconsole.inventory.local import this_machine
from opsconsole.inventory.openssh import OpenSsh
from opsconsole.model.inventory import Inventory


class SourceSpec(Struct, frozen=True):
    """Where hosts come from; with nothing given, the user's own file, else this very machine."""

    config: Path | None = None
    """Our YAML; None: the user's own file if it exists and nothing else is given."""
    hosts: str | None = None
    """A node set, `web[01-20],db1`; what ~/.ssh/config says of them applies."""
    ssh_config: Path | None = None
    """Every concrete Host of this file."""
    ansible: Path | None = None
    """An Ansible inventory, INI or YAML."""
    more: tuple[Path, ...] = ()
    """Hosts that plugins' inventories gave; one that is not there yet gives none."""
    home: Path | None = None
    """The folder that `~` and ~/.ssh mean; None: the account's."""


def load(spec: SourceSpec) -> Inventory:
    """Read everything a spec names.

    Raises:
        ConfigError: All mistakes of all files, as `file:line:col: what`.
    """
    home = spec.home or _home()
    config = spec.config
    if config is None and spec.hosts is None and spec.ssh_config is None and spec.ansible is None:
        usual = paths.config_file()
        if not usual.exists():
            return Inventory(hosts=(this_machine(),))
        config = usual
    problems = Problems()
    document = reader.gather(config, problems) if config else Document()
    document = replace(document, imports=(*document.imports, *_given(spec)))
    inventory = _Builder(document, home, problems).build(_named(spec.hosts, problems))
    problems.raise_if_any()
    return inventory


def _home() -> Path:
    try:
        return Path.home()
    except RuntimeError:
        return Path("/nonexistent")


def _given(spec: SourceSpec) -> Iterable[Import]:
    for kind, path in (("ssh_config", spec.ssh_config), ("ansible", spec.ansible)):
        if path is not None:
            yield Import(Mark(str(path)), kind, str(path.expanduser().absolute()))
    for path in spec.more:
        yield Import(Mark(str(path)), "plugin", str(path))


def _named(pattern: str | None, problems: Problems) -> tuple[HostEntry, ...]:
    """Make an entry of what `--hosts` says; its parts are unfolded with everything else."""
    if pattern is None:
        return ()
    mark = Mark("--hosts")
    if not pattern.strip(" ,"):
        problems.add(mark, "names no host")
        return ()
    return (HostEntry(mark=mark, names=pattern.replace(" ", "")),)


class _Builder:
    """Builds one inventory from a document, with what other files add."""

    def __init__(self, document: Document, home: Path, problems: Problems) -> None:
        self._document = document
        self._home = home
        self._problems = problems
        self._warnings: list[str] = []
        self._files = list(document.files)

    def build(self, named: tuple[HostEntry, ...]) -> Inventory:
        document, problems = self._document, self._problems
        background = self._background(document.defaults)
        own = unfolded((*named, *document.hosts), problems)
        hosts = Assembly(self._with_imports(own), document.defaults, background, self._home).hosts(
            problems
        )
        for host in hosts:
            if not is_name(host.name):
                problems.add(Mark(host.source), f"{host.name[:60]!r} cannot be the name of a host")
        warnings = (
            *self._warnings,
            *((*background.misread, *background.warnings) if background else ()),
        )
        return Inventory(
            hosts=hosts,
            services=service_build.services(document, hosts, problems),
            checks=service_build.host_checks(document, hosts, problems),
            sources=service_build.sources(document, problems),
            settings=document.settings,
            files=tuple(dict.fromkeys(self._files)),
            warnings=tuple(
                dict.fromkeys((*warnings, *service_build.loose_references(document, hosts)))
            ),
        )

    def _background(self, defaults: Defaults) -> OpenSsh | None:
        """Open the configuration that fills what our files do not say."""
        said = defaults.ssh_config
        path = Path(said) if said else self._home / ".ssh" / "config"
        if not path.is_file():
            if said:
                self._warnings.append(f"{said} is not there; defaults.ssh_config names it")
            return None
        return self._open(path)

    def _open(self, path: Path) -> OpenSsh:
        config = ssh_config.read(path, self._home)
        self._files += config.files
        return OpenSsh(config, self._home)

    def _with_imports(self, own: Mapping[str, HostEntry]) -> Mapping[str, HostEntry]:
        """Add imported hosts; what our own YAML says of a host wins, then the first import."""
        found = dict(own)
        for source in self._document.imports:
            for entry in self._imported(source):
                dressed = replace(
                    entry,
                    labels={**entry.labels, **source.labels},
                    groups=tuple(dict.fromkeys((*entry.groups, *source.groups))),
                )
                before = found.get(entry.names)
                found[entry.names] = merged(before, dressed) if before else dressed
        return found

    def _of_plugin(self, path: Path) -> list[HostEntry]:
        """A plugin's hosts never make the configuration fail: what is wrong with them is a warning."""
        if not path.is_file():
            return []
        problems = Problems()
        found = reader.gather(path, problems)
        if problems:
            self._warnings.append(f"{path} has mistakes; its hosts are left out")
            return []
        return list(found.hosts)

    def _imported(self, source: Import) -> list[HostEntry]:
        path = Path(source.path)
        if source.kind == "plugin":
            return self._of_plugin(path)
        if source.kind == "ansible":
            self._files.append(source.path)
            return ansible_file.read(path, self._problems)
        if not path.is_file():
            self._problems.add(source.mark, f"{source.path} is not there")
            return []
        ssh = self._open(path)
        entries = ssh.hosts()
        self._warnings += [*ssh.misread, *ssh.warnings]
        return entries
