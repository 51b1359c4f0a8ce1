using System.IO.Pipelines;
using System.Net.Security;

namespace Dmkd.Grains.Security.Transport;

/// <summary>The two pipes of a connection that is encrypted, over its stream. Borrows the stream.</summary>
internal sealed class TlsPipe(SslStream stream) : IDuplexPipe
{
    private const int BufferBytes = 64 << 10, LeastReadBytes = 16 << 10;

    public PipeReader Input { get; } = PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: BufferBytes, minimumReadSize: LeastReadBytes, leaveOpen: true));

    public PipeWriter Output { get; } = PipeWriter.Create(stream, new StreamPipeWriterOptions(minimumBufferSize: BufferBytes, leaveOpen: true));
}
