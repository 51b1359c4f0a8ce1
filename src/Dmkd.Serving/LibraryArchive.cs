using System.Text.Json;
using Dmkd.Core.Routing;
using Dmkd.Core.Tensors;

namespace Dmkd.Serving;

/// <summary>
/// A library as a folder: <c>library.json</c>, the weights of each member and the fitted gate as safetensors, and a
/// card. It is read as untrusted input: names stay within the folder, sizes are checked before anything is read, and
/// every file has to have the digest that library.json says.
/// </summary>
public sealed class LibraryArchive : ILibrarySource
{
    private readonly Dictionary<string, LibraryDocument.FileEntry> _files; // by digest

    private LibraryArchive(string folder, LibraryManifest manifest, Dictionary<string, LibraryDocument.FileEntry> files)
    {
        Folder = folder;
        Manifest = manifest;
        _files = files;
    }

    /// <summary>Where it is.</summary>
    public string Folder { get; }

    /// <inheritdoc/>
    public LibraryManifest Manifest { get; }

    /// <summary>Opens a folder and verifies all of it.</summary>
    /// <exception cref="LibraryArchiveException">It is no library, or something in it is damaged; one line says
    /// what.</exception>
    public static async Task<LibraryArchive> OpenAsync(string folder, CancellationToken cancellationToken = default)
    {
        string full = Path.GetFullPath(folder);
        string path = Path.Combine(full, LibraryDocument.FileName);
        if (!File.Exists(path))
            throw new LibraryArchiveException($"{full} is no exported library: it has no {LibraryDocument.FileName}.");
        LibraryDocument document;
        try
        {
            document = LibraryDocument.Parse(await File.ReadAllBytesAsync(path, cancellationToken));
        }
        catch (JsonException e)
        {
            throw new LibraryArchiveException($"{path} {e.Message} Export the library again.");
        }

        var manifest = ManifestOf(document, path);
        var archive = new LibraryArchive(
            full,
            manifest,
            document.Files().DistinctBy(file => file.Digest).ToDictionary(file => file.Digest)
        );
        foreach (var file in document.Files())
            _ = await archive.ReadAsync(file, cancellationToken);
        return archive;
    }

    /// <summary>A member's weights as they lie in the folder, verified.</summary>
    public Task<byte[]> ReadAsync(LibraryMember member, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(member);
        return ReadAsync(_files[member.Digest], cancellationToken);
    }

    /// <summary>The parameters of the fitted gate as they lie in the folder, verified.</summary>
    public Task<byte[]> ReadAsync(FittedRouting fitted, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(fitted);
        return ReadAsync(_files[fitted.Digest], cancellationToken);
    }

    /// <inheritdoc/>
    async Task<MemberWeights> ILibrarySource.ReadAsync(
        LibraryMember member,
        bool acceptsEarlier,
        CancellationToken cancellationToken
    ) => new(member.Version, await ReadAsync(member, cancellationToken));

    /// <inheritdoc/>
    async Task<GateParameters> ILibrarySource.ReadGateAsync(
        FittedRouting fitted,
        CancellationToken cancellationToken
    ) => GateParameters.Decode(await ReadAsync(fitted, cancellationToken));

    private async Task<byte[]> ReadAsync(LibraryDocument.FileEntry file, CancellationToken cancellationToken)
    {
        string path = Path.Combine(Folder, file.File);
        var info = new FileInfo(path);
        if (!info.Exists)
            throw new LibraryArchiveException(
                $"{Folder}: {file.File} is missing, which {LibraryDocument.FileName} names."
            );
        if (info.Length != file.Bytes)
            throw new LibraryArchiveException(
                $"{Folder}: {file.File} has {info.Length} bytes, and {LibraryDocument.FileName} says "
                    + $"{file.Bytes}: it was cut or changed. Export the library again."
            );
        byte[] content = await File.ReadAllBytesAsync(path, cancellationToken);
        string digest = WeightDigest.Of(content);
        if (digest != file.Digest)
            throw new LibraryArchiveException(
                $"{Folder}: {file.File} has digest {digest}, and {LibraryDocument.FileName} says "
                    + $"{file.Digest}: it was changed. Export the library again."
            );
        return content;
    }

    private static LibraryManifest ManifestOf(LibraryDocument document, string path)
    {
        if (document.SchemaVersion != LibraryDocument.CurrentSchema)
            throw new LibraryArchiveException(
                $"{path} has schema version {document.SchemaVersion}; this dmkd reads version {LibraryDocument.CurrentSchema}."
            );
        if (document.Members.Any(member => member is null))
            throw new LibraryArchiveException($"{path} has a member that is null.");
        foreach (var file in document.Files())
        {
            bool isPlain =
                file.File.Length > 0 && file.File == Path.GetFileName(file.File) && file.File is not ("." or "..");
            if (!isPlain)
                throw new LibraryArchiveException($"{path} names a file outside its folder: '{file.File}'.");
        }

        var manifest = document.ToManifest();
        if (!manifest.Experts.Any())
            throw new LibraryArchiveException($"{path} has no expert.");
        foreach (var member in manifest.Members)
        {
            if (LibraryRules.ProblemOf(member) is { } problem)
                throw new LibraryArchiveException($"{path}: member '{member.Name}': {problem}");
        }

        return manifest;
    }
}

/// <summary>An exported library cannot be read; one line says what is wrong with it.</summary>
public sealed class LibraryArchiveException(string message) : Exception(message);
