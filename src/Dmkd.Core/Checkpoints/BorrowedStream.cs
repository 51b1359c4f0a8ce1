namespace Dmkd.Core.Checkpoints;

/// <summary>A part of a stream, from its position to an end. Disposing it leaves the stream open.</summary>
/// <param name="stream">Borrowed.</param>
/// <param name="end">Position after the last byte.</param>
internal sealed class BorrowedStream(Stream stream, long end) : ForwardStream
{
    /// <inheritdoc/>
    public override int Read(Span<byte> buffer) => stream.Read(buffer[..(int)Math.Min(buffer.Length, end - stream.Position)]);
}
