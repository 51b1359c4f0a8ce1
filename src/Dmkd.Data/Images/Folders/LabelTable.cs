using System.Globalization;
using System.Text;
using CsvHelper;
using CsvHelper.Configuration;

namespace Dmkd.Data.Images.Folders;

/// <summary>
/// Images whose classes stand in a table: a CSV file (comma, semicolon or tab) with a column of files and one of
/// classes, and perhaps one that tells the set.
/// </summary>
internal static class LabelTable
{
    private static readonly string[] Known =
    [
        "train.csv",
        "val.csv",
        "valid.csv",
        "validation.csv",
        "test.csv",
        "labels.csv",
        "annotations.csv",
        "metadata.csv",
    ];
    private static readonly string[] FileColumns =
    [
        "file",
        "filename",
        "file_name",
        "filepath",
        "path",
        "image",
        "image_path",
        "image_id",
        "img",
        "id",
    ];
    private static readonly string[] LabelColumns =
    [
        "label",
        "labels",
        "class",
        "class_name",
        "classname",
        "category",
        "target",
        "species",
        "breed",
    ];
    private static readonly char[] Separators = [',', ';', '\t'];
    private static readonly string[] SplitColumns = ["split", "set", "subset", "partition"];

    /// <summary>The entries, sorted into class folders; null where there is no table, or class folders are there.</summary>
    public static string[]? Sorted(IImageSource source)
    {
        string[] tables =
        [
            .. source.Entries.Where(path =>
                Known.Contains(LabelledSource.FileName(path), StringComparer.OrdinalIgnoreCase)
            ),
        ];
        if (tables.Length == 0 || source.Entries.Any(IsInClassFolder))
            return null;
        int depth = tables.Min(Depth);
        return Sorted(source, [.. tables.Where(path => Depth(path) == depth)]);
    }

    /// <summary>The entries, sorted into class folders by some tables; null when none of them is of labels.</summary>
    /// <exception cref="DatasetException">A line says what cannot be, or a file is not there.</exception>
    public static string[]? Sorted(IImageSource source, string[] tables)
    {
        string[] sorted = new string[source.Entries.Count];
        Array.Fill(sorted, "");
        var images = new Images(source);
        bool found = false;
        foreach (string table in tables)
        {
            int entry = LabelledSource.Find(source, path => path == table);
            foreach (var row in RowsOf(source, entry))
            {
                int image = images.Find(row.File, table, row.Where);
                found = true;
                sorted[image] = $"{row.Split}{row.Label}/{source.Entries[image]}";
            }
        }

        return found ? sorted : null;
    }

    private static int Depth(string path) => path.Count(letter => letter == '/');

    private static bool IsInClassFolder(string path) =>
        ImageTree.IsImage(path)
        && path.Split('/') is var parts
        && Array.FindIndex(parts, part => SplitNames.IsAny(part)) is >= 0 and var split
        && split < parts.Length - 2;

    private static IEnumerable<Row> RowsOf(IImageSource source, int entry)
    {
        string name = source.Describe(entry);
        string bySplitName = SplitNames.OfTable(LabelledSource.FileName(source.Entries[entry]));
        Columns? columns = null;
        foreach (var (number, cells) in RecordsOf(Encoding.UTF8.GetString(source.Read(entry)).TrimStart('\uFEFF')))
        {
            string where = $"{name}:{number}";
            if (columns is null)
            {
                columns = Columns.Of(cells);
                if (columns.IsHeader)
                    continue;
            }

            if (!columns.HasLabels)
                yield break; // a table of something else, such as a test set without labels
            if (cells.Length <= Math.Max(columns.File, Math.Max(columns.Label, columns.Split)))
                throw new DatasetException(
                    $"{where} has {cells.Length} columns; its first line has more: '{string.Join(',', cells)}'."
                );
            string label = cells[columns.Label];
            if (label.Length == 0 || label.AsSpan().ContainsAny('/', '\\'))
                throw new DatasetException($"{where}: a class must be a name without slashes, not '{label}'.");
            string split = columns.Split < 0 ? bySplitName : SplitNames.FolderOf(cells[columns.Split], where);
            yield return new Row(cells[columns.File].Replace('\\', '/'), label, split, where);
        }
    }

    /// <summary>The records with the line where each starts, without empty ones.</summary>
    private static IEnumerable<(int Number, string[] Cells)> RecordsOf(string text)
    {
        var configuration = new CsvConfiguration(CultureInfo.InvariantCulture)
        {
            BadDataFound = null, // a quote inside a cell is a letter
            Delimiter = SeparatorOf(text.TrimStart().Split('\n', 2)[0]),
            TrimOptions = TrimOptions.Trim | TrimOptions.InsideQuotes,
        };
        using var reader = new StringReader(text);
        using var parser = new CsvParser(reader, configuration);
        while (parser.Read())
        {
            int linesInside = parser.RawRecord.AsSpan().Trim().Count('\n');
            if (parser.Record is [not "", ..] or [_, _, ..])
                yield return (parser.RawRow - linesInside, parser.Record);
        }
    }

    private static string SeparatorOf(string header) =>
        Separators.MaxBy(separator => header.Count(letter => letter == separator)).ToString();

    private sealed record Row(string File, string Label, string Split, string Where);

    /// <summary>Which column says what; -1 for none.</summary>
    private sealed record Columns(int File, int Label, int Split, bool IsHeader)
    {
        public static Columns None { get; } = new(-1, -1, -1, false);

        public bool HasLabels => File >= 0 && Label >= 0;

        public static Columns Of(string[] first)
        {
            var (file, label) = (Place(first, FileColumns), Place(first, LabelColumns));
            if (file >= 0 || label >= 0)
                return new Columns(file, label, Place(first, SplitColumns), IsHeader: true);
            // Without a header: a file, then its class.
            return first.Length >= 2 && ImageTree.IsImage(first[0]) ? new Columns(0, 1, -1, false) : None;
        }

        private static int Place(string[] cells, string[] names) =>
            names
                .Select(name => Array.FindIndex(cells, cell => cell.Equals(name, StringComparison.OrdinalIgnoreCase)))
                .FirstOrDefault(place => place >= 0, -1);
    }

    /// <summary>Finds the images that tables name: by path from the table, or by a file name that only one has.</summary>
    private sealed class Images
    {
        private const int Ambiguous = -1;
        private readonly IImageSource _source;
        private readonly Dictionary<string, int> _byPath = new(StringComparer.Ordinal);
        private readonly Dictionary<string, int> _byName = new(StringComparer.Ordinal);

        public Images(IImageSource source)
        {
            _source = source;
            for (int entry = 0; entry < source.Entries.Count; entry++)
            {
                string path = source.Entries[entry];
                if (!ImageTree.IsImage(path))
                    continue;
                _byPath[path] = entry;
                string file = LabelledSource.FileName(path);
                AddName(file, entry);
                AddName(Path.GetFileNameWithoutExtension(file), entry);
            }
        }

        public int Find(string file, string table, string where)
        {
            string folder = table[..(table.LastIndexOf('/') + 1)];
            string path = file.StartsWith("./", StringComparison.Ordinal) ? file[2..] : file;
            if (_byPath.TryGetValue(folder + path, out int entry))
                return entry;
            if (!_byName.TryGetValue(LabelledSource.FileName(path), out entry))
                throw new DatasetException($"{where} names {file}, which is not in {_source.Name} as an image.");
            return entry != Ambiguous
                ? entry
                : throw new DatasetException(
                    $"{where} names {file}; several files in {_source.Name} are called so. Give its path."
                );
        }

        private void AddName(string name, int entry) =>
            _byName[name] = _byName.TryGetValue(name, out int other) && other != entry ? Ambiguous : entry;
    }
}
