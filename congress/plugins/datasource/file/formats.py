"""From the bytes of a file to a sheet, by its format.

May import its own folder only.
"""

import codecs

from congress.plugins.datasource.file.delimited import read_delimited
from congress.plugins.datasource.file.documents import read_json, read_json_lines
from congress.plugins.datasource.file.faults import BadFile, line_of
from congress.plugins.datasource.file.selection import read_records, select
from congress.plugins.datasource.file.settings import SUFFIXES, Settings, Source
from congress.plugins.datasource.file.sheet import Sheet
from congress.plugins.datasource.file.yamltext import read_yaml


def format_of(source: Source) -> str | None:
    """The format of a source, or ``None`` if its name does not tell."""
    if source.format != "auto":
        return source.format
    return SUFFIXES.get(source.path.suffix.lower())


def read_sheet(content: bytes, source: Source, settings: Settings) -> Sheet:
    """Read a table out of a file's contents.

    :raises BadFile: naming the line or record.
    """
    form, most = format_of(source), settings.limits.rows
    text = _decode(content, settings.encoding)
    if form == "csv":
        tab = source.path.suffix.lower() == ".tsv"
        delimiter = "\t" if tab else settings.delimiter
        return read_delimited(text, delimiter=delimiter, header=settings.header, most=most)
    if form == "jsonl":
        documents, places = read_json_lines(text.encode(), most=most)
        if source.select:
            documents = [select(document, source.select) for document in documents]
        return read_records(documents, most=most, places=places)
    if form == "yaml":
        document = read_yaml(text)
    elif form == "json":
        document = read_json(text.encode())
    else:
        raise BadFile("no known format: name it in the option format")
    return read_records(select(document, source.select), most=most)


def _decode(content: bytes, encoding: str) -> str:
    """The text of a file, without the mark that some editors put first."""
    try:
        return content.removeprefix(codecs.BOM_UTF8).decode(encoding)
    except UnicodeDecodeError as error:
        raise BadFile(f"not {encoding} text", line=line_of(content, error.start)) from error
