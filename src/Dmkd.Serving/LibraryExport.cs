using System.Globalization;
using System.Text;
using Dmkd.Core.Tensors;

namespace Dmkd.Serving;

/// <summary>
/// Writes a library as a folder that <see cref="LibraryArchive"/> reads. The folder appears whole or not at all.
/// </summary>
public static class LibraryExport
{
    /// <summary>Writes.</summary>
    /// <param name="source">The library.</param>
    /// <param name="folder">Where it will be; nothing may be there, except an exported library that may be
    /// replaced.</param>
    /// <param name="replaces">Whether an exported library that is there may be replaced.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>Bytes of all files.</returns>
    /// <exception cref="LibraryArchiveException">The place is taken, or what was read is not what the library
    /// names.</exception>
    public static async Task<long> WriteAsync(
        ILibrarySource source,
        string folder,
        bool replaces,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(source);
        string full = Path.GetFullPath(folder);
        RequirePlace(full, replaces);
        string temporary = $"{full}.{Path.GetRandomFileName()}.tmp";
        try
        {
            Directory.CreateDirectory(temporary);
            var library = source.Manifest;
            long bytes = 0;
            if (library.Fitted is { } fitted)
            {
                // A fit of an older dmkd is written in today's form.
                byte[] parameters = (await source.ReadGateAsync(fitted, cancellationToken)).Encode();
                library = library with
                {
                    Fitted = fitted with { Digest = WeightDigest.Of(parameters), Bytes = parameters.LongLength },
                };
                bytes += await WriteAsync(temporary, LibraryDocument.GateEntry.FileName, parameters, cancellationToken);
            }

            var document = LibraryDocument.Of(library);
            foreach (var (member, file) in library.Members.Zip(document.Members.Select(entry => entry.Weights)))
            {
                byte[] content = (await source.ReadAsync(member, acceptsEarlier: false, cancellationToken)).Content;
                if (content.LongLength != file.Bytes || WeightDigest.Of(content) != file.Digest)
                    throw new LibraryArchiveException(
                        $"{file.File} of library '{library.Name}' is not {file.Digest}, as the library says."
                    );
                bytes += await WriteAsync(temporary, file.File, content, cancellationToken);
            }

            bytes += await WriteAsync(temporary, LibraryDocument.FileName, document.ToBytes(), cancellationToken);
            bytes += await WriteAsync(
                temporary,
                "README.md",
                Encoding.UTF8.GetBytes(CardOf(library)),
                cancellationToken
            );
            Place(temporary, full, replaces);
            return bytes;
        }
        finally
        {
            if (Directory.Exists(temporary))
                Directory.Delete(temporary, recursive: true);
        }
    }

    /// <summary>Refuses a place that may not be written to, before any work is done.</summary>
    /// <exception cref="LibraryArchiveException">It is taken.</exception>
    public static void RequirePlace(string folder, bool replaces)
    {
        string full = Path.GetFullPath(folder);
        if (File.Exists(full))
            throw new LibraryArchiveException($"{full} is a file; name a folder.");
        string parent =
            Path.GetDirectoryName(full)
            ?? throw new LibraryArchiveException($"{full} cannot be replaced; name a folder in it.");
        if (!Directory.Exists(parent))
            throw new LibraryArchiveException($"There is no folder {parent} to write {Path.GetFileName(full)} to.");
        if (!Directory.Exists(full))
            return;
        if (!replaces)
            throw new LibraryArchiveException($"{full} exists already; --force replaces an exported library.");
        if (!File.Exists(Path.Combine(full, LibraryDocument.FileName)))
            throw new LibraryArchiveException(
                $"{full} is no exported library, so it is not replaced; name another folder."
            );
    }

    private static void Place(string temporary, string full, bool replaces)
    {
        if (!replaces || !Directory.Exists(full))
        {
            Directory.Move(temporary, full);
            return;
        }

        string old = $"{full}.{Path.GetRandomFileName()}.old";
        Directory.Move(full, old);
        Directory.Move(temporary, full);
        Directory.Delete(old, recursive: true);
    }

    private static async Task<long> WriteAsync(
        string folder,
        string name,
        byte[] content,
        CancellationToken cancellationToken
    )
    {
        await using var file = new FileStream(
            Path.Combine(folder, name),
            FileMode.CreateNew,
            FileAccess.Write,
            FileShare.None
        );
        await file.WriteAsync(content, cancellationToken);
        file.Flush(flushToDisk: true);
        return content.LongLength;
    }

    /// <summary>What a person wants to know before using it.</summary>
    private static string CardOf(LibraryManifest library)
    {
        var text = new StringBuilder();
        Line($"# {library.Name}");
        Line();
        Line(
            $"A library of {library.Experts.Count()} expert modules, exported by DMKD. "
                + $"`{LibraryDocument.FileName}` describes it; every member's weights are a safetensors file."
        );
        Line();
        Line("```");
        Line("dmkd predict --archive . picture.png");
        Line("dmkd library import .");
        Line("```");
        Line();
        Line("| module | role | version | input | classes | H_k | origin |");
        Line("|---|---|---|---|---|---|---|");
        foreach (var member in library.Members)
        {
            string entropy = member.Entropy is null
                ? "-"
                : member.MeanEntropy.ToString("F4", CultureInfo.InvariantCulture);
            string role = member.Role is MemberRole.Gate ? "gate" : "expert";
            string origin = Cell(member.Lineage.GetValueOrDefault("origin", "-"));
            Line(
                $"| {Cell(member.Name)} | {role} | {member.Version} | {member.Input} {member.Input.DataType} "
                    + $"| {Cell(string.Join(", ", member.ClassNames))} | {entropy} | {origin} |"
            );
        }

        Line();
        Line("H_k is the mean entropy of the module's predictions on its nodes' calibration data, in nats.");
        if (library.Fitted is { } fitted)
        {
            Line();
            string source = fitted.Exemplars > 0 ? $"{fitted.Exemplars} exemplars" : "moments of the nodes' data";
            Line(
                $"Routing was fitted to {source}: gate `{fitted.Plan.Gate}`, calibration "
                    + $"`{fitted.Plan.Calibration}`, {fitted.Plan.Views} views."
            );
        }

        return text.ToString();

        void Line(string line = "") => text.Append(line).Append('\n');
    }

    private static string Cell(string text) =>
        text.Replace("|", "\\|", StringComparison.Ordinal).ReplaceLineEndings(" ");
}
