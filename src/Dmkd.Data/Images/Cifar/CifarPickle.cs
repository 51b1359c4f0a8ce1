using System.Buffers.Binary;
using System.Text;

namespace Dmkd.Data.Images.Cifar;

/// <summary>
/// Reads the Python version of CIFAR: a pickled dictionary with an array of bytes and a list of numbers. Nothing of the
/// pickle is run: of calls only those are known that make an array of NumPy, a text or a number, and they only describe
/// a value.
/// </summary>
internal sealed class CifarPickle
{
    private static readonly object Mark = new();
    private readonly byte[] _bytes;
    private readonly string _name;
    private readonly Stack<object?> _stack = new();
    private readonly Dictionary<long, object?> _memo = [];
    private int _position;

    private CifarPickle(byte[] bytes, string name) => (_bytes, _name) = (bytes, name);

    /// <summary>Reads the dictionary of a file.</summary>
    /// <exception cref="DatasetException">It is no such pickle.</exception>
    public static Dictionary<string, object?> Read(string file)
    {
        var pickle = new CifarPickle(File.ReadAllBytes(file), file);
        try
        {
            return pickle.Run() as Dictionary<string, object?> ?? throw pickle.Fail("it holds no dictionary");
        }
        catch (Exception e)
            when (e
                    is ArgumentException
                        or InvalidOperationException
                        or InvalidCastException
                        or IndexOutOfRangeException
            )
        {
            throw pickle.Fail("it is damaged");
        }
    }

    /// <summary>The images of a file, shape [n, 3072]. Borrowed.</summary>
    /// <exception cref="DatasetException">There are none, or of another size.</exception>
    public static byte[] Images(Dictionary<string, object?> dictionary, string file) =>
        dictionary.GetValueOrDefault("data") is PickledArray { IsTurned: false, Type: "u1", Content: { } content } array
        && array.Shape is [_, CifarFormat.ImageBytes]
        && content.Length == array.Shape[0] * CifarFormat.ImageBytes
            ? content
            : throw new DatasetException(
                $"{file} must hold 'data' as uint8 of shape [n, {CifarFormat.ImageBytes}]; it does not. Is it of CIFAR?"
            );

    /// <summary>Numbers of a file, such as its labels.</summary>
    /// <exception cref="DatasetException">There are none.</exception>
    public static int[] Numbers(Dictionary<string, object?> dictionary, string key, string file) =>
        dictionary.GetValueOrDefault(key) switch
        {
            List<object?> list when list.All(item => item is long) => [.. list.Select(item => (int)(long)item!)],
            PickledArray { Content: { } content } array => array.Numbers(content),
            _ => throw new DatasetException($"{file} must hold '{key}' as numbers; it does not. Is it of CIFAR?"),
        };

    /// <summary>Texts of a file, such as the names of classes; null when it holds none.</summary>
    public static string[]? Texts(Dictionary<string, object?> dictionary, string key) =>
        dictionary.GetValueOrDefault(key) is List<object?> list ? [.. list.Select(TextOf)] : null;

    private object? Run()
    {
        while (true)
        {
            byte opcode = _bytes[_position++];
            if (opcode == (byte)'.')
                return _stack.Pop();
            if (!Pushes(opcode) && !Gathers(opcode) && !Remembers(opcode) && !Calls(opcode))
                throw Fail($"opcode 0x{opcode:x2} is not known");
        }
    }

    private bool Pushes(byte opcode)
    {
        switch (opcode)
        {
            case 0x80: // PROTO
                _position++;
                return true;
            case 0x95: // FRAME
                _position += 8;
                return true;
            case (byte)'N':
                return Push(null);
            case 0x88:
                return Push(true);
            case 0x89:
                return Push(false);
            case (byte)'K':
                return Push((long)_bytes[_position++]);
            case (byte)'M':
                return Push((long)BinaryPrimitives.ReadUInt16LittleEndian(Take(2)));
            case (byte)'J':
                return Push((long)BinaryPrimitives.ReadInt32LittleEndian(Take(4)));
            case 0x8a: // LONG1
                return Push(Long(Take(_bytes[_position++])));
            case (byte)'G':
                return Push(BinaryPrimitives.ReadDoubleBigEndian(Take(8)));
            case (byte)'X':
                return Push(Encoding.UTF8.GetString(Take(Length4())));
            case 0x8c: // SHORT_BINUNICODE
                return Push(Encoding.UTF8.GetString(Take(_bytes[_position++])));
            case (byte)'U' or (byte)'C':
                return Push(Take(_bytes[_position++]).ToArray());
            case (byte)'T' or (byte)'B':
                return Push(Take(Length4()).ToArray());
            case 0x8e: // BINBYTES8
                return Push(Take(checked((int)BinaryPrimitives.ReadInt64LittleEndian(Take(8)))).ToArray());
            default:
                return false;
        }
    }

    private bool Gathers(byte opcode)
    {
        switch (opcode)
        {
            case (byte)'(':
                return Push(Mark);
            case (byte)'}':
                return Push(new Dictionary<string, object?>(StringComparer.Ordinal));
            case (byte)']':
                return Push(new List<object?>());
            case (byte)')':
                return Push(Array.Empty<object?>());
            case (byte)'t':
                return Push(ToMark());
            case 0x85 or 0x86 or 0x87: // TUPLE1, 2, 3
                return Push(Last(opcode - 0x84));
            case (byte)'a':
                Append(Last(1));
                return true;
            case (byte)'e':
                Append(ToMark());
                return true;
            case (byte)'s':
                SetItems(Last(2));
                return true;
            case (byte)'u':
                SetItems(ToMark());
                return true;
            default:
                return false;
        }
    }

    private bool Remembers(byte opcode)
    {
        switch (opcode)
        {
            case (byte)'q':
                _memo[_bytes[_position++]] = _stack.Peek();
                return true;
            case (byte)'r':
                _memo[BinaryPrimitives.ReadUInt32LittleEndian(Take(4))] = _stack.Peek();
                return true;
            case 0x94: // MEMOIZE
                _memo[_memo.Count] = _stack.Peek();
                return true;
            case (byte)'h':
                return Push(Known(_bytes[_position++]));
            case (byte)'j':
                return Push(Known(BinaryPrimitives.ReadUInt32LittleEndian(Take(4))));
            default:
                return false;
        }
    }

    private bool Calls(byte opcode)
    {
        switch (opcode)
        {
            case (byte)'c':
                string module = Line();
                return Push(new PickledName($"{module}.{Line()}"));
            case 0x93: // STACK_GLOBAL
                object?[] names = Last(2);
                return Push(new PickledName($"{names[0]}.{names[1]}"));
            case (byte)'R':
                object?[] call = Last(2);
                return Push(Result((PickledName)call[0]!, (object?[])call[1]!));
            case (byte)'b':
                object?[] build = Last(2);
                if (build[0] is PickledArray array)
                    array.Fill((object?[])build[1]!);
                return Push(build[0]);
            default:
                return false;
        }
    }

    /// <summary>What a call makes.</summary>
    private object Result(PickledName name, object?[] arguments)
    {
        string text = name.Text.Replace("numpy._core.", "numpy.core.", StringComparison.Ordinal);
        return (text, arguments) switch
        {
            ("_codecs.encode", [string written, ..]) => Encoding.Latin1.GetBytes(written),
            ("numpy.core.multiarray._reconstruct", _) => new PickledArray(),
            ("numpy.dtype", [var type, ..]) => new PickledType(TextOf(type)),
            ("numpy.core.multiarray.scalar", [PickledType type, byte[] value]) => type.Number(value),
            _ => throw Fail($"it calls {name.Text}, which no file of CIFAR does"),
        };
    }

    private object? Known(long id) => _memo.TryGetValue(id, out object? value) ? value : throw Fail("it is damaged");

    private bool Push(object? value)
    {
        _stack.Push(value);
        return true;
    }

    private object?[] Last(int count)
    {
        object?[] values = new object?[count];
        for (int i = count - 1; i >= 0; i--)
            values[i] = _stack.Pop();
        return values;
    }

    private object?[] ToMark()
    {
        var values = new List<object?>();
        while (_stack.Pop() is var value && !ReferenceEquals(value, Mark))
            values.Add(value);
        values.Reverse();
        return [.. values];
    }

    private void Append(object?[] values) => ((List<object?>)_stack.Peek()!).AddRange(values);

    private void SetItems(object?[] pairs)
    {
        var dictionary = (Dictionary<string, object?>)_stack.Peek()!;
        for (int i = 0; i + 1 < pairs.Length; i += 2)
            dictionary[TextOf(pairs[i])] = pairs[i + 1];
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        var taken = _bytes.AsSpan(_position, count);
        _position += count;
        return taken;
    }

    private int Length4() => BinaryPrimitives.ReadInt32LittleEndian(Take(4));

    private string Line()
    {
        int end = Array.IndexOf(_bytes, (byte)'\n', _position);
        string line = Encoding.UTF8.GetString(Take(end - _position));
        _position++;
        return line;
    }

    private static long Long(ReadOnlySpan<byte> bytes)
    {
        long value = 0;
        for (int i = bytes.Length - 1; i >= 0; i--)
            value = (value << 8) | bytes[i];
        return value;
    }

    private static string TextOf(object? value) =>
        value is byte[] bytes ? Encoding.Latin1.GetString(bytes) : $"{value}";

    private DatasetException Fail(string reason) =>
        new($"{_name} is no readable pickle of CIFAR: {reason} (byte {_position}). Download it again.");

    private sealed record PickledName(string Text);
}

/// <summary>A type of NumPy, such as <c>u1</c> or <c>i8</c>.</summary>
internal sealed record PickledType(string Name)
{
    /// <summary>A whole number of this type, little-endian.</summary>
    public long Number(ReadOnlySpan<byte> value) =>
        Name.TrimStart('<', '|') switch
        {
            "u1" or "i1" => value[0],
            "i4" => BinaryPrimitives.ReadInt32LittleEndian(value),
            "i8" => BinaryPrimitives.ReadInt64LittleEndian(value),
            _ => throw new ArgumentException($"numbers of the type {Name} are not read."),
        };

    /// <summary>Bytes of a number.</summary>
    public int Bytes => Name[^1] - '0';
}

/// <summary>An array of NumPy, filled when its state comes.</summary>
internal sealed class PickledArray
{
    /// <summary>Its shape.</summary>
    public long[] Shape { get; private set; } = [];

    /// <summary>Its type, such as <c>u1</c>.</summary>
    public string Type { get; private set; } = "";

    /// <summary>Whether columns come before rows.</summary>
    public bool IsTurned { get; private set; }

    /// <summary>Its bytes; null before its state came.</summary>
    public byte[]? Content { get; private set; }

    /// <summary>Takes in the state: version, shape, type, order, bytes.</summary>
    public void Fill(object?[] state)
    {
        Shape = [.. ((object?[])state[1]!).Select(length => (long)length!)];
        Type = ((PickledType)state[2]!).Name.TrimStart('<', '|');
        IsTurned = (bool)state[3]!;
        Content = (byte[])state[4]!;
    }

    /// <summary>Its numbers.</summary>
    public int[] Numbers(byte[] content)
    {
        var type = new PickledType(Type);
        return [.. content.Chunk(type.Bytes).Select(value => (int)type.Number(value))];
    }
}
