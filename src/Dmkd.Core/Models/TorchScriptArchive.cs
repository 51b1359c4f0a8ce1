using System.IO.Compression;
using System.Text;
using System.Text.RegularExpressions;
using Dmkd.Core.Tensors;

namespace Dmkd.Core.Models;

/// <summary>
/// Looks into a TorchScript program before libtorch does, whose loader trusts what it reads: sizes, pickles, tensors and
/// the text of the program. What was looked at, and nothing else, is copied into the file that is loaded.
/// </summary>
internal static partial class TorchScriptArchive
{
    private const int MaxCodeBytes = 8 << 20;
    private const int MaxNesting = 200;
    private const int MaxOperatorsPerLine = 4000;
    private const int MaxBranches = 1000;
    private const string Root = "program/";

    /// <summary>Copies what a program needs.</summary>
    /// <param name="path">What <c>torch.jit.save</c> wrote.</param>
    /// <param name="copy">File to write.</param>
    /// <exception cref="CheckpointFormatException">The file is no TorchScript program, breaks a rule of its format, or
    /// uses an operator that networks do not use; the message names it.</exception>
    public static void Copy(string path, string copy)
    {
        using var file = File.OpenRead(path);
        if (KindProblem(FileSignature.Read(file)) is { } problem)
            throw new CheckpointFormatException($"{path}: {problem}.");
        using var archive = TorchZipFile.Guarded(
            path,
            () => new ZipArchive(file, ZipArchiveMode.Read, leaveOpen: true)
        );
        var entries = new Dictionary<string, ZipArchiveEntry>(StringComparer.Ordinal);
        TorchZipFile.Guarded(path, () => TorchZipFile.ReadDirectory(archive, file.Length, path, entries));
        var parts = PartsOf(path, entries);
        CheckPickle(path, parts, "data");
        CheckPickle(path, parts, "constants");
        CheckCode(path, parts);
        using var output = new FileStream(copy, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None);
        using var written = new ZipArchive(output, ZipArchiveMode.Create);
        foreach (var (name, entry) in parts)
            CopyEntry(path, entry, written.CreateEntry(Root + name, CompressionLevel.NoCompression));
    }

    private static string? KindProblem(FileSignature signature)
    {
        const string Needed = "it must be a zip archive, as TorchScript programs are";
        return signature.Format == CheckpointReader.SafeTensors
            ? "is a safetensors file, not a TorchScript program"
            : signature.Problem?.Replace(FileSignature.Wanted, Needed, StringComparison.Ordinal);
    }

    /// <summary>The entries that a program is made of, by their names without the archive's folder.</summary>
    private static OrderedDictionary<string, ZipArchiveEntry> PartsOf(
        string path,
        Dictionary<string, ZipArchiveEntry> entries
    )
    {
        const string Mark = "/constants.pkl";
        string[] marks = [.. entries.Keys.Where(name => name.EndsWith(Mark, StringComparison.Ordinal)).Take(2)];
        if (marks.Length != 1)
            throw new CheckpointFormatException(
                marks.Length == 0
                    ? $"{path}: has no constants.pkl, so it is no TorchScript program; read state dicts as checkpoints."
                    : $"{path}: has several constants.pkl; a TorchScript program has one."
            );
        string folder = marks[0][..^(Mark.Length - 1)];
        var parts = new OrderedDictionary<string, ZipArchiveEntry>(StringComparer.Ordinal);
        foreach (var (name, entry) in entries.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            if (name.StartsWith(folder, StringComparison.Ordinal) && PartName().IsMatch(name[folder.Length..]))
                parts.Add(name[folder.Length..], entry);
        foreach (string needed in (string[])["data.pkl", "version"])
            if (!parts.ContainsKey(needed))
                throw new CheckpointFormatException($"{path}: has no {needed}, so it is no TorchScript program.");
        if (
            parts.TryGetValue("byteorder", out var order)
            && !TorchZipFile.ReadEntry(path, order, 16).AsSpan().SequenceEqual("little"u8)
        )
            throw new CheckpointFormatException($"{path}: byteorder must be 'little'.");
        return parts;
    }

    /// <summary>Checks that a pickle is whole, and that its tensors lie within their storages.</summary>
    private static void CheckPickle(string path, OrderedDictionary<string, ZipArchiveEntry> parts, string kind)
    {
        string name = $"{path}: {kind}.pkl";
        byte[] bytes = TorchZipFile.Guarded(
            path,
            () => TorchZipFile.ReadEntry(path, parts[$"{kind}.pkl"], PickleLimits.PickleBytes)
        );
        using var input = new MemoryStream(bytes, writable: false);
        var pickle = RestrictedUnpickler.Read(input, name);
        foreach (var storage in pickle.Declared)
        {
            string entryName = $"{kind}/{storage.Key}";
            if (!parts.TryGetValue(entryName, out var entry))
                throw new CheckpointFormatException(
                    $"{name}: storage {CheckpointFormatException.Quote(entryName)} is missing."
                );
            bool fits = storage.ElementCount <= entry.Length;
            if (!fits || storage.ElementCount * storage.ElementBytes != entry.Length)
                throw new CheckpointFormatException(
                    $"{name}: storage {CheckpointFormatException.Quote(entryName)} must hold {storage.ElementCount} values "
                        + $"of {storage.ElementBytes} bytes; it has {entry.Length} bytes."
                );
        }

        foreach (var tensor in pickle.Tensors)
            if (TensorLayout.Check(tensor, out string? problem) is null)
                throw new CheckpointFormatException($"{name}: a tensor of storage '{tensor.Storage.Key}': {problem}.");
    }

    private static void CheckCode(string path, OrderedDictionary<string, ZipArchiveEntry> parts)
    {
        var texts = new List<(string Name, string Code)>();
        long total = 0;
        foreach (var (name, entry) in parts.Where(part => part.Key.StartsWith("code/", StringComparison.Ordinal)))
        {
            total += entry.Length;
            if (total > MaxCodeBytes)
                throw new CheckpointFormatException($"{path}: its programs must have at most {MaxCodeBytes} bytes.");
            byte[] bytes = TorchZipFile.Guarded(path, () => TorchZipFile.ReadEntry(path, entry, MaxCodeBytes));
            string text = Encoding.Latin1.GetString(bytes);
            texts.Add((name, StringLiteral().Replace(text, " 0 ")));
        }

        var own = texts
            .SelectMany(text => Definition().Matches(text.Code))
            .Select(match => match.Groups[1].Value)
            .ToHashSet(StringComparer.Ordinal);
        foreach (var (name, code) in texts)
        {
            if (ShapeProblem(code) is { } shape)
                throw new CheckpointFormatException($"{path}: {name}: {shape}.");
            if (ForeignOperator(code, own) is { } foreign)
                throw new CheckpointFormatException(
                    $"{path}: {name}: uses {CheckpointFormatException.Quote(foreign)}, which is none of the operators "
                        + "that networks are made of; the program is not run."
                );
        }
    }

    /// <summary>What a parser that calls itself for each level could not stand.</summary>
    private static string? ShapeProblem(string code)
    {
        int depth = 0;
        foreach (char c in code)
        {
            depth += c is '(' or '[' or '{' ? 1 : 0;
            depth -= c is ')' or ']' or '}' ? 1 : 0;
            if (depth > MaxNesting)
                return $"brackets must be at most {MaxNesting} deep";
        }

        if (code.Any(c => c > 126 || c < ' ' && c is not ('\n' or '\r' or '\t')))
            return "has characters that no TorchScript program has";
        if (code.AsSpan().ContainsAny('"', '\'', '\\'))
            return "has a text that does not end";
        if (Branch().Count(code) > MaxBranches)
            return $"must have at most {MaxBranches} elif branches";
        foreach (var line in code.AsSpan().EnumerateLines())
        {
            int indent = line.Length - line.TrimStart().Length;
            if (indent > 2 * MaxNesting)
                return $"blocks must be at most {MaxNesting} deep";
            if (Chain().Count(line) > MaxOperatorsPerLine)
                return $"a line must have at most {MaxOperatorsPerLine} operators";
        }

        return null;
    }

    private static string? ForeignOperator(string code, HashSet<string> own)
    {
        foreach (Match match in Namespace().Matches(code))
        {
            string name = match.Groups[1].Value;
            bool isKnown = name.StartsWith("torch.", StringComparison.Ordinal)
                ? TorchScriptOperators.Contains(name["torch.".Length..])
                : TorchScriptOperators.ContainsQualified(name);
            if (!isKnown)
                return name;
        }

        foreach (Match match in Method().Matches(code))
        {
            string name = match.Groups[1].Value;
            if (!own.Contains(name) && !TorchScriptOperators.Contains(name) && !TorchScriptOperators.IsMethod(name))
                return $".{name}()";
        }

        return null;
    }

    private static void CopyEntry(string path, ZipArchiveEntry entry, ZipArchiveEntry target)
    {
        using var source = new ZipEntryStream(
            entry.Open(),
            $"{path}: {CheckpointFormatException.Quote(entry.FullName)}"
        );
        using var output = target.Open();
        byte[] buffer = new byte[1 << 16];
        long left = entry.Length;
        while (true)
        {
            int count = source.Read(buffer);
            left -= count;
            if (left < 0)
                throw new CheckpointFormatException(
                    $"{path}: {CheckpointFormatException.Quote(entry.FullName)} unpacks to more than it declares."
                );
            if (count == 0)
                break;
            output.Write(buffer, 0, count);
        }

        if (left > 0)
            throw new CheckpointFormatException(
                $"{path}: {CheckpointFormatException.Quote(entry.FullName)} ends {left} bytes early."
            );
    }

    /// <summary>Debug information, which libtorch would read too, is no part.</summary>
    [GeneratedRegex(
        @"^(?:data\.pkl|constants\.pkl|version|byteorder|\.data/version|(?:data|constants)/[A-Za-z0-9_]+|code/[A-Za-z0-9_/]+\.py)$",
        RegexOptions.CultureInvariant
    )]
    private static partial Regex PartName();

    /// <summary>Texts and comments, as TorchScript's lexer takes them.</summary>
    [GeneratedRegex(
        @"""""""(?:\\.|[^\\])*?""""""|'''(?:\\.|[^\\])*?'''|""(?:\\.|[^""\\\n])*""|'(?:\\.|[^'\\\n])*'|#[^\n]*",
        RegexOptions.CultureInvariant | RegexOptions.Singleline
    )]
    private static partial Regex StringLiteral();

    [GeneratedRegex(@"\b(?:def|class)\s+([A-Za-z_]\w*)", RegexOptions.CultureInvariant)]
    private static partial Regex Definition();

    /// <summary>A namespace of operators with what follows it; alone it would be given another name.</summary>
    [GeneratedRegex(@"(?<![\w.])((?:torch|ops|aten|prim)\b(?:\.\w+)*)", RegexOptions.CultureInvariant)]
    private static partial Regex Namespace();

    [GeneratedRegex(@"\.\s*([A-Za-z_]\w*)\s*\(", RegexOptions.CultureInvariant)]
    private static partial Regex Method();

    [GeneratedRegex(@"\belif\b", RegexOptions.CultureInvariant)]
    private static partial Regex Branch();

    /// <summary>Operators that chain, not the signs of the numbers of a list.</summary>
    [GeneratedRegex(@"(?<![\[,(]\s?)[-+*/%@&|^<>=]|\b(?:and|or|not|if|is|in)\b|\.", RegexOptions.CultureInvariant)]
    private static partial Regex Chain();
}
