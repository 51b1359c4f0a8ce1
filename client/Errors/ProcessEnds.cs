using System.Runtime.InteropServices;
using System.Text;

namespace Dmkd.Client.Errors;

/// <summary>
/// Signals before a command listens for them itself: to load libtorch takes seconds, and a program that ends without a
/// word leaves its user to wonder.
/// </summary>
internal static class EarlySignals
{
    private static PosixSignalRegistration[] _signals = [];

    /// <summary>Ends the program with a line at a signal.</summary>
    public static void Listen() =>
        _signals = [
            PosixSignalRegistration.Create(PosixSignal.SIGINT, End),
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, End),
        ];

    /// <summary>Leaves signals to the command.</summary>
    public static void Leave()
    {
        foreach (var signal in _signals)
            signal.Dispose();
        _signals = [];
    }

    private static void End(PosixSignalContext context)
    {
        Console.Error.WriteLine($"dmkd: {RunStoppedException.BeforeAnything}");
        Environment.Exit(ExitCode.Cancelled);
    }
}

/// <summary>Standard output that names itself where it cannot be written: closed, or a file on a full disk.</summary>
internal sealed class StandardOutput : Stream
{
    private Stream? _inner;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Has the console write through one.</summary>
    public static void Name() =>
        Console.SetOut(new StreamWriter(new StandardOutput(), new UTF8Encoding(false)) { AutoFlush = true });

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        try
        {
            _inner ??= Console.OpenStandardOutput();
            _inner.Write(buffer);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // a descriptor that is closed, or that opens no writing, reads as if access were denied
            string reason = e is IOException ? e.Message : "it is closed, or open for reading only.";
            throw new IOException($"Standard output cannot be written: {reason}", e);
        }
    }

    public override void Flush() => _inner?.Flush();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
