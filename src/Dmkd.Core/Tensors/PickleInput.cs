using System.Buffers.Binary;
using System.Text;

namespace Dmkd.Core.Tensors;

/// <summary>
/// The bytes of a pickle, with every length checked against what is left before memory is taken for it.
/// </summary>
/// <param name="stream">Seekable; the pickle starts at its position. Borrowed.</param>
/// <param name="name">What messages call the pickle.</param>
internal sealed class PickleInput(Stream stream, string name)
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private readonly long _length = stream.Length;

    /// <summary>Reads one byte.</summary>
    public int Byte()
    {
        int value = stream.ReadByte();
        return value >= 0 ? value : throw Fail("ends inside a value");
    }

    /// <summary>Reads a 16-bit number.</summary>
    public int UInt16() => BinaryPrimitives.ReadUInt16LittleEndian(Fill(stackalloc byte[2]));

    /// <summary>Reads a signed 32-bit number.</summary>
    public int Int32() => BinaryPrimitives.ReadInt32LittleEndian(Fill(stackalloc byte[4]));

    /// <summary>Reads an unsigned 32-bit number.</summary>
    public long UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Fill(stackalloc byte[4]));

    /// <summary>Reads a 64-bit number; lengths are of this type.</summary>
    public long Int64() => BinaryPrimitives.ReadInt64LittleEndian(Fill(stackalloc byte[8]));

    /// <summary>Reads a float, stored big-endian.</summary>
    public double Double() => BinaryPrimitives.ReadDoubleBigEndian(Fill(stackalloc byte[8]));

    /// <summary>Reads bytes of an integer.</summary>
    public byte[] Bytes(long count, long limit, string what)
    {
        CheckLength(count, limit, what);
        byte[] bytes = new byte[count];
        Fill(bytes);
        return bytes;
    }

    /// <summary>Reads a text in Latin-1, as Python 2 wrote it.</summary>
    public string Latin1(long count) => Encoding.Latin1.GetString(Bytes(count, PickleLimits.TextBytes, "text"));

    /// <summary>Reads a text in UTF-8.</summary>
    public string Text(long count, long limit)
    {
        byte[] bytes = Bytes(count, limit, "text");
        try
        {
            return Utf8.GetString(bytes);
        }
        catch (DecoderFallbackException e)
        {
            throw Fail("a text is not UTF-8", e);
        }
    }

    /// <summary>Reads a line of a global's name.</summary>
    public string Line()
    {
        var line = new StringBuilder();
        for (int next = Byte(); next != '\n'; next = Byte())
        {
            if (line.Length == PickleLimits.GlobalNameBytes)
                throw Fail($"a global's name has more than {PickleLimits.GlobalNameBytes} bytes");
            line.Append((char)next);
        }

        return line.ToString();
    }

    /// <summary>Passes over bytes.</summary>
    public void Skip(long count)
    {
        CheckLength(count, long.MaxValue, "bytes");
        stream.Position += count;
    }

    /// <summary>A problem at the current position, as an exception.</summary>
    public CheckpointFormatException Fail(string problem, Exception? cause = null) =>
        new($"{name}: byte {stream.Position}: {problem}.", cause);

    private void CheckLength(long count, long limit, string what)
    {
        long most = Math.Min(limit, _length - stream.Position);
        if (count < 0 || count > most)
            throw Fail($"length of {what} must be in [0, {most}]; it is {count}");
    }

    private Span<byte> Fill(Span<byte> target) =>
        stream.ReadAtLeast(target, target.Length, throwOnEndOfStream: false) == target.Length
            ? target
            : throw Fail("ends inside a value");
}
