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

    /// <summary>Reads a text in UTF-8, or in Latin-1 as Python 2 wrote it.</summary>
    public string Text(long count, bool isLatin1 = false)
    {
        byte[] bytes = Bytes(count, PickleLimits.TextBytes, "text");
        if (isLatin1)
            return Encoding.Latin1.GetString(bytes);
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

/// <summary>
/// How much a pickle may ask for. A state dict takes about 25 opcodes per tensor; these are far above any real one.
/// </summary>
internal static class PickleLimits
{
    /// <summary>Most opcodes in one pickle.</summary>
    public const int Opcodes = 10_000_000;

    /// <summary>Most values on the stack.</summary>
    public const int StackDepth = 100_000;

    /// <summary>Most open marks.</summary>
    public const int Marks = 1_000;

    /// <summary>Most entries of the memo.</summary>
    public const int MemoEntries = 4_000_000;

    /// <summary>Longest text.</summary>
    public const int TextBytes = 1 << 20;

    /// <summary>Longest name of a global, per half.</summary>
    public const int GlobalNameBytes = 256;

    /// <summary>Longest integer.</summary>
    public const int IntegerBytes = 255;

    /// <summary>Most dimensions of a tensor.</summary>
    public const int Dimensions = 64;

    /// <summary>Most tensors of a state dict.</summary>
    public const int Tensors = 100_000;

    /// <summary>Longest pickle in an archive.</summary>
    public const int PickleBytes = 1 << 28;
}

/// <summary>The stack of a pickle machine, with marks. Nothing below the last mark can be taken one by one.</summary>
/// <param name="input">Gives positions to messages. Borrowed.</param>
internal sealed class PickleStack(PickleInput input)
{
    private readonly List<object?> _values = [];
    private readonly List<int> _marks = [];

    private int Floor => _marks.Count == 0 ? 0 : _marks[^1];

    /// <summary>Adds a value.</summary>
    public void Push(object? value)
    {
        if (_values.Count == PickleLimits.StackDepth)
            throw input.Fail($"the stack must have at most {PickleLimits.StackDepth} values");
        _values.Add(value);
    }

    /// <summary>The last value.</summary>
    public object? Peek() => _values.Count > Floor ? _values[^1] : throw Empty();

    /// <summary>Takes the last value.</summary>
    public object? Pop()
    {
        object? value = Peek();
        _values.RemoveAt(_values.Count - 1);
        return value;
    }

    /// <summary>Takes the last values, first pushed first.</summary>
    public object?[] Pop(int count) => _values.Count - Floor >= count ? Take(_values.Count - count) : throw Empty();

    /// <summary>Remembers where the next values start.</summary>
    public void Mark()
    {
        if (_marks.Count == PickleLimits.Marks)
            throw input.Fail($"at most {PickleLimits.Marks} marks may be open");
        _marks.Add(_values.Count);
    }

    /// <summary>Takes the values since the last mark, and the mark.</summary>
    public object?[] PopToMark()
    {
        if (_marks.Count == 0)
            throw input.Fail("there is no mark");
        int start = Floor;
        _marks.RemoveAt(_marks.Count - 1);
        return Take(start);
    }

    private object?[] Take(int start)
    {
        int count = _values.Count - start;
        if (count == 0)
            return [];
        var values = new object?[count];
        _values.CopyTo(start, values, 0, count);
        _values.RemoveRange(start, count);
        return values;
    }

    private CheckpointFormatException Empty() => input.Fail("the stack has no value for the opcode");
}
