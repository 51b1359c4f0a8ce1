using System.Buffers.Binary;
using System.Text;
using Dmkd.Core.Tensors;

namespace Dmkd.Data.Images.Cifar;

/// <summary>
/// The Python version of CIFAR: a pickled dictionary with an array of bytes and a list of numbers. Nothing of the
/// pickle is run (<see cref="RestrictedUnpickler"/>).
/// </summary>
internal static class CifarPickle
{
    /// <summary>Reads the dictionary of a file.</summary>
    /// <exception cref="DatasetException">It is no such pickle.</exception>
    public static Dictionary<string, object?> Read(string file)
    {
        using var stream = File.OpenRead(file);
        try
        {
            if (RestrictedUnpickler.Read(stream, file, NumpyVocabulary.Instance).Root is not PickleDictionary read)
                throw new DatasetException($"{file} is no readable pickle of CIFAR: it holds no dictionary.");
            var dictionary = new Dictionary<string, object?>(StringComparer.Ordinal);
            foreach (var (key, value) in read.Pairs())
                if (NumpyVocabulary.TextOf(key) is { } text)
                    dictionary[text] = value;
            return dictionary;
        }
        catch (CheckpointFormatException e)
        {
            throw new DatasetException($"{e.Message} It must be a pickle of CIFAR. Download it again.");
        }
    }

    /// <summary>The images of a file, shape [n, 3072]. Borrowed.</summary>
    /// <exception cref="DatasetException">There are none, or of another size.</exception>
    public static byte[] Images(Dictionary<string, object?> dictionary, string file) =>
        dictionary.GetValueOrDefault("data") is PickledArray { IsTurned: false, Type.Name: "u1" } array
        && array.Shape is [_, CifarFormat.ImageBytes]
        && array.Content.Length == array.Shape[0] * CifarFormat.ImageBytes
            ? array.Content
            : throw new DatasetException(
                $"{file} must hold 'data' as uint8 of shape [n, {CifarFormat.ImageBytes}]; it does not. Is it of CIFAR?"
            );

    /// <summary>Numbers of a file, such as its labels.</summary>
    /// <exception cref="DatasetException">There are none.</exception>
    public static int[] Numbers(Dictionary<string, object?> dictionary, string key, string file) =>
        dictionary.GetValueOrDefault(key) switch
        {
            PickleList list when list.Items.All(item => item is >= (long)int.MinValue and <= (long)int.MaxValue) =>
            [
                .. list.Items.Select(item => (int)(long)item!),
            ],
            PickledArray array when array.Numbers() is { } numbers => numbers,
            _ => throw new DatasetException($"{file} must hold '{key}' as numbers; it does not. Is it of CIFAR?"),
        };

    /// <summary>Texts of a file, such as the names of classes; null when it holds none.</summary>
    public static string[]? Texts(Dictionary<string, object?> dictionary, string key) =>
        dictionary.GetValueOrDefault(key) is PickleList list
            ? [.. list.Items.Select(item => NumpyVocabulary.TextOf(item) ?? $"{item}")]
            : null;
}

/// <summary>The names in a pickle of NumPy's arrays: an array, its type, a number and bytes. Others are refused.</summary>
internal sealed class NumpyVocabulary : PickleVocabulary
{
    private static readonly HashSet<string> Names = new(StringComparer.Ordinal)
    {
        "_codecs.encode", // how protocol 2 writes bytes
        "numpy.dtype",
        "numpy.ndarray",
        "numpy.core.multiarray._reconstruct",
        "numpy.core.multiarray.scalar",
    };

    public static NumpyVocabulary Instance { get; } = new();

    public override string Writer => "CIFAR";

    public override string WhyRefused => "no file of CIFAR needs it";

    /// <summary>The images of a file; no longer than the file in any case.</summary>
    public override int LongestBytes => Array.MaxLength;

    /// <summary>The same images as the text that <c>_codecs.encode</c> takes.</summary>
    public override int LongestText => 1 << 30;

    public override object? Find(string module, string name)
    {
        string full = $"{module}.{name}".Replace("numpy._core.", "numpy.core.", StringComparison.Ordinal);
        return Names.Contains(full) ? new PickleGlobal(full) : null;
    }

    public override object? Call(PickleGlobal global, object?[] arguments) =>
        (global.Name, arguments) switch
        {
            ("_codecs.encode", [string text, ..]) => new PickleBytes(Encoding.Latin1.GetBytes(text)),
            ("numpy.core.multiarray._reconstruct", _) => new PickledArray(),
            ("numpy.dtype", [var type, ..]) when TextOf(type) is { } text => new PickledType(text.TrimStart('<', '|')),
            ("numpy.core.multiarray.scalar", [PickledType type, var value]) when BytesOf(value) is { } bytes =>
                type.Number(bytes),
            _ => null,
        };

    /// <summary>An array takes version, shape, type, order and bytes; what a type says of itself is passed by.</summary>
    public override bool Build(object? target, object? state) =>
        target is PickledType
        || target is PickledArray array
            && state is PickleTuple { Items: [_, PickleTuple shape, PickledType type, bool isTurned, var content] }
            && shape.Items.All(length => length is long)
            && BytesOf(content) is { } bytes
            && array.Fill([.. shape.Items.Cast<long>()], type, isTurned, bytes);

    /// <summary>A text, which Python 3 may have written as bytes; null for anything else.</summary>
    public static string? TextOf(object? value) =>
        value is PickleBytes bytes ? Encoding.Latin1.GetString(bytes.Bytes) : value as string;

    private static byte[]? BytesOf(object? value) =>
        value is string text ? Encoding.Latin1.GetBytes(text) : (value as PickleBytes)?.Bytes;
}

/// <summary>A type of NumPy.</summary>
/// <param name="Name">Such as <c>u1</c> or <c>i8</c>; little-endian.</param>
internal sealed record PickledType(string Name)
{
    /// <summary>Bytes of a number; 0 when numbers of this type are not read.</summary>
    public int Bytes =>
        Name switch
        {
            "u1" or "i1" => 1,
            "i4" => 4,
            "i8" => 8,
            _ => 0,
        };

    /// <summary>A whole number of this type; null when it is none.</summary>
    public long? Number(ReadOnlySpan<byte> value)
    {
        if (value.Length != Bytes)
            return null;
        return Bytes switch
        {
            1 => value[0],
            4 => BinaryPrimitives.ReadInt32LittleEndian(value),
            8 => BinaryPrimitives.ReadInt64LittleEndian(value),
            _ => null,
        };
    }
}

/// <summary>An array of NumPy, filled when its state comes.</summary>
internal sealed class PickledArray
{
    public long[] Shape { get; private set; } = [];

    public PickledType Type { get; private set; } = new("");

    /// <summary>Whether columns come before rows.</summary>
    public bool IsTurned { get; private set; }

    public byte[] Content { get; private set; } = [];

    /// <summary>Takes the state in.</summary>
    /// <returns>True.</returns>
    public bool Fill(long[] shape, PickledType type, bool isTurned, byte[] content)
    {
        (Shape, Type, IsTurned, Content) = (shape, type, isTurned, content);
        return true;
    }

    /// <summary>Its numbers; null when they are none that are read.</summary>
    public int[]? Numbers()
    {
        if (Type.Bytes == 0 || Content.Length % Type.Bytes != 0)
            return null;
        return [.. Content.Chunk(Type.Bytes).Select(value => (int)Type.Number(value)!.Value)];
    }
}
