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
    private const int MaxNamed = 10;
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
    /// <exception cref="DatasetException">A line says what cannot be, or a file is not there.</exception>
    public static string[]? Sorted(IImageSource source)
    {
        string[] tables = TablesOf(source);
        return tables.Length == 0 || source.Entries.Any(IsInClassFolder)
            ? null
            : Sorted(source, tables, isNamed: false);
    }

    /// <summary>The entries, sorted into class folders by the table that the user named.</summary>
    /// <exception cref="DatasetException">It is no table of classes, a line says what cannot be, or a file is not
    /// there.</exception>
    public static string[] Sorted(IImageSource source, string table) =>
        Sorted(source, [table], isNamed: true)
        ?? throw new DatasetException($"{Path.Combine(source.Name, table)} names no images.");

    /// <summary>Tables of classes that nobody reads, for the images lie in class folders.</summary>
    public static string[] LeftOut(IImageSource source) =>
        [.. TablesOf(source).Where(table => IsOfLabels(source, table))];

    private static string[]? Sorted(IImageSource source, string[] tables, bool isNamed)
    {
        var images = new Images(source);
        var rows = new Row?[source.Entries.Count];
        foreach (string table in tables)
        {
            int entry = LabelledSource.Find(source, path => path == table);
            foreach (var read in RowsOf(source, entry, isNamed))
            {
                int image = images.Find(read.File, table, read.Where);
                string path = source.Entries[image];
                var row = read.Split.Length > 0 ? read : read with { Split = SplitNames.OfPath(path) };
                if (rows[image] is { } other && other.Folder != row.Folder)
                    throw new DatasetException(
                        $"{row.Where} puts {row.File} into {row.Folder}, and {other.Where} puts it into {other.Folder}. "
                            + "Keep one of the two lines."
                    );
                rows[image] = row;
            }
        }

        Row[] all = [.. rows.OfType<Row>()];
        if (all.Length == 0)
            return null;
        if (all.Any(row => row.Split.Length > 0) && all.FirstOrDefault(row => row.Split.Length == 0) is { } without)
            throw new DatasetException(
                $"{without.Where} puts {without.File} into no set, while other lines name train, val or test. Name its set."
            );
        return [.. rows.Select((row, entry) => row is null ? "" : $"{row.Folder}/{source.Entries[entry]}")];
    }

    /// <summary>Files that are called as tables, those of the shallowest folder.</summary>
    private static string[] TablesOf(IImageSource source)
    {
        string[] tables =
        [
            .. source.Entries.Where(path =>
                Known.Contains(LabelledSource.FileName(path), StringComparer.OrdinalIgnoreCase)
            ),
        ];
        int depth = tables.Select(Depth).DefaultIfEmpty().Min();
        return [.. tables.Where(path => Depth(path) == depth).Order(StringComparer.Ordinal)];
    }

    private static bool IsOfLabels(IImageSource source, string table)
    {
        try
        {
            return RowsOf(source, LabelledSource.Find(source, path => path == table), isNamed: false).Any();
        }
        catch (DatasetException)
        {
            return true; // of labels, or nothing that anyone can read
        }
    }

    private static int Depth(string path) => path.Count(letter => letter == '/');

    private static bool IsInClassFolder(string path) =>
        ImageTree.IsImage(path)
        && path.Split('/') is var parts
        && Array.FindIndex(parts, part => SplitNames.IsAny(part)) is >= 0 and var split
        && split < parts.Length - 2;

    private static IEnumerable<Row> RowsOf(IImageSource source, int entry, bool isNamed)
    {
        string name = source.Describe(entry);
        string bySplitName = SplitNames.OfTable(LabelledSource.FileName(source.Entries[entry]));
        Columns? columns = null;
        foreach (var (number, cells) in RecordsOf(Encoding.UTF8.GetString(source.Read(entry)).TrimStart('\uFEFF')))
        {
            string where = $"{name}:{number}";
            if (columns is null)
            {
                columns = Columns.Of(cells, where);
                if (!columns.HasLabels && isNamed)
                    throw columns.Missing(name);
                if (!columns.HasLabels)
                    yield break; // a table of something else, such as a test set without labels
                if (columns.IsHeader)
                    continue;
            }

            columns.RequireFit(cells, where);
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

    private sealed record Row(string File, string Label, string Split, string Where)
    {
        /// <summary>The class folder that the image belongs in.</summary>
        public string Folder => Split + Label;
    }

    /// <summary>Which column says what; -1 for none.</summary>
    private sealed record Columns(string[] First, int File, int Label, int Split, bool IsHeader)
    {
        public bool HasLabels => File >= 0 && Label >= 0;

        /// <summary>What the first line tells: names of columns, or else a file, its class and perhaps its set.</summary>
        /// <exception cref="DatasetException">Two columns tell the same, or nothing tells what they are.</exception>
        public static Columns Of(string[] first, string where)
        {
            var columns = new Columns(
                first,
                Place(first, FileColumns),
                Place(first, LabelColumns),
                Place(first, SplitColumns),
                IsHeader: true
            );
            if (columns.HasLabels)
            {
                RequireOne(first, [first[columns.File]], "files", where);
                RequireOne(first, LabelColumns, "classes", where);
                RequireOne(first, SplitColumns, "sets", where);
            }

            bool isHeader = columns.File >= 0 || columns.Label >= 0;
            return isHeader || first.Length < 2 || !ImageTree.IsImage(first[0]) ? columns : Unnamed(first, where);
        }

        /// <summary>Refuses a line that is not as long as the first one.</summary>
        public void RequireFit(string[] cells, string where)
        {
            bool tooMany = cells.Skip(First.Length).Any(cell => cell.Length > 0);
            if (cells.Length > Math.Max(File, Math.Max(Label, Split)) && !tooMany)
                return;
            string fields = cells.Length == 1 ? "1 field" : $"{cells.Length} fields";
            throw new DatasetException(
                $"{where} has {fields}, and its first line has {First.Length}: '{string.Join(',', cells)}'."
                    + (tooMany ? " A field with a separator in it needs quotes." : "")
            );
        }

        /// <summary>That the table tells no classes.</summary>
        public DatasetException Missing(string name)
        {
            string what = Label < 0 ? "classes (label, class, ...)" : "files (file, filename, ...)";
            string more = First.Length > MaxNamed ? ", ..." : "";
            return new DatasetException(
                $"{name} has no column of {what}; it has: {string.Join(", ", First.Take(MaxNamed))}{more}."
            );
        }

        private static Columns Unnamed(string[] first, string where)
        {
            bool hasSet = first.Length == 3 && SplitNames.IsAny(first[2]);
            if (first.Length > 2 && !hasSet)
                throw new DatasetException(
                    $"{where} has {first.Length} fields, and nothing names them. "
                        + "Begin with a line such as file,label,split."
                );
            return new Columns(first, 0, 1, hasSet ? 2 : -1, IsHeader: false);
        }

        private static void RequireOne(string[] first, string[] names, string what, string where)
        {
            string[] found = [.. first.Where(cell => names.Contains(cell, StringComparer.OrdinalIgnoreCase))];
            if (found.Length > 1)
                throw new DatasetException(
                    $"{where} has {found.Length} columns of {what}: {string.Join(", ", found)}. Keep one."
                );
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
