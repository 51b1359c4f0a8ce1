using System.Text;

namespace Dmkd.Data.Images.Folders;

/// <summary>
/// A source whose images lie in no class folders, as if they did: a list tells the class of each. Does not own the
/// source beneath.
/// </summary>
internal sealed class LabelledSource : IImageSource
{
    private readonly IImageSource _source;

    private LabelledSource(IImageSource source, IReadOnlyList<string> entries)
    {
        _source = source;
        Entries = entries;
    }

    public string Name => _source.Name;

    public IReadOnlyList<string> Entries { get; }

    /// <summary>Images that no list names.</summary>
    public int UnlabelledImages =>
        Entries.Index().Count(entry => entry.Item.Length == 0 && ImageTree.IsImage(_source.Entries[entry.Index]));

    /// <summary>The source itself, or its images sorted into class folders where a list tells their classes.</summary>
    /// <param name="source">The source. Borrowed for as long as the result is used.</param>
    /// <param name="table">File name of the CSV table that the user named; null to look for lists.</param>
    /// <exception cref="DatasetException">A line of a list, or an image without one.</exception>
    public static IImageSource Of(IImageSource source, string? table = null)
    {
        string[]? sorted = table is null
            ? TinyImageNet.Sorted(source) ?? FlatValidation.Sorted(source) ?? LabelTable.Sorted(source)
            : LabelTable.Sorted(source, table);
        return sorted is null ? source : new LabelledSource(source, sorted);
    }

    public string Describe(int entry) => _source.Describe(entry);

    public byte[] Read(int entry) => _source.Read(entry);

    public long LengthOf(int entry) => _source.LengthOf(entry);

    public void Dispose() { }

    /// <summary>The lines of a text, numbered from 1, without empty ones.</summary>
    public static IEnumerable<(int Number, string Line)> LinesOf(IImageSource source, int entry) =>
        Encoding
            .UTF8.GetString(source.Read(entry))
            .TrimStart('\uFEFF')
            .Split('\n', StringSplitOptions.TrimEntries)
            .Index()
            .Where(pair => pair.Item.Length > 0)
            .Select(pair => (pair.Index + 1, pair.Item));

    /// <summary>The first entry with a file name; -1 when there is none.</summary>
    public static int Find(IImageSource source, string fileName) =>
        Find(source, path => FileName(path).Equals(fileName, StringComparison.OrdinalIgnoreCase));

    /// <summary>The first entry whose path is right; -1 when there is none.</summary>
    public static int Find(IImageSource source, Func<string, bool> isRight)
    {
        for (int entry = 0; entry < source.Entries.Count; entry++)
            if (isRight(source.Entries[entry]))
                return entry;
        return -1;
    }

    /// <summary>What follows the last slash.</summary>
    public static string FileName(string path) => path[(path.LastIndexOf('/') + 1)..];
}

/// <summary>Words for class folders that are called by WordNet's numbers.</summary>
internal static class ClassWords
{
    private static readonly string[] Lists = ["words.txt", "LOC_synset_mapping.txt"];

    /// <summary>Names of classes: the first word of each folder's line, with the folder's name where two share it.</summary>
    /// <param name="source">Where <c>words.txt</c> (Tiny-ImageNet) or <c>LOC_synset_mapping.txt</c> may be.</param>
    /// <param name="folders">The class folders.</param>
    public static string[] NamesOf(IImageSource source, string[] folders)
    {
        int list = Lists.Select(name => LabelledSource.Find(source, name)).FirstOrDefault(entry => entry >= 0, -1);
        if (list < 0)
            return folders;
        var wordOf = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (_, line) in LabelledSource.LinesOf(source, list))
            if (line.Split([' ', '\t'], 2) is [var folder, var words])
                wordOf[folder] = words.Split(',')[0].Trim().Replace('/', ' ');
        string[] names = [.. folders.Select(folder => wordOf.GetValueOrDefault(folder, folder))];
        var counts = names.CountBy(name => name).ToDictionary();
        return [.. names.Select((name, label) => counts[name] == 1 ? name : $"{name} ({folders[label]})")];
    }
}
