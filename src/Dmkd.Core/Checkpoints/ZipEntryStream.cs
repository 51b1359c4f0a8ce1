namespace Dmkd.Core.Checkpoints;

/// <summary>Reads an entry of a hostile archive: whatever the decompressor says about broken data becomes one kind of exception.</summary>
/// <param name="content">The entry's content. Owned.</param>
/// <param name="name">What messages call the entry.</param>
internal sealed class ZipEntryStream(Stream content, string name) : ForwardStream
{
    /// <summary>Whether an exception of the zip library describes the archive's content.</summary>
    public static bool IsZipProblem(Exception e) =>
        e is InvalidDataException or IOException or ArgumentException or NotSupportedException or OverflowException;

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer)
    {
        try
        {
            return content.Read(buffer);
        }
        catch (Exception e) when (IsZipProblem(e))
        {
            throw new CheckpointFormatException($"{name}: cannot be unpacked: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing) content.Dispose();
        base.Dispose(disposing);
    }
}
