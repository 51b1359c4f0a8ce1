using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace Dmkd.Data.Images.Folders;

/// <summary>
/// Reads <c>meta.mat</c> of ImageNet's devkit, a MATLAB 5 file: its structure <c>synsets</c> has the devkit's number
/// of each class (ILSVRC2012_ID) and its synset (WNID).
/// </summary>
internal static class DevkitMeta
{
    private const int HeaderBytes = 128;
    private const int Compressed = 15,
        Matrix = 14,
        Int8 = 1,
        UInt8 = 2,
        Int16 = 3,
        UInt16 = 4,
        Int32 = 5,
        UInt32 = 6,
        Double = 9;
    private const int Structure = 2;

    /// <summary>Synset by number.</summary>
    /// <param name="file">The whole file. Borrowed.</param>
    /// <param name="name">What messages call it.</param>
    /// <exception cref="DatasetException">It is another file, or damaged.</exception>
    public static Dictionary<int, string> Read(byte[] file, string name)
    {
        try
        {
            var elements = new Elements(file.AsMemory(HeaderBytes));
            while (elements.Next() is { } element)
            {
                var matrix = element.Type == Compressed ? Unpacked(element.Data) : element;
                if (matrix is { Type: Matrix } && Synsets(matrix.Data) is { Count: > 0 } synsets)
                    return synsets;
            }
        }
        catch (Exception e) when (e is ArgumentException or InvalidDataException or IOException)
        {
            throw new DatasetException($"{name} is no readable meta.mat of ImageNet's devkit: {e.Message}", e);
        }

        throw new DatasetException($"{name} has no structure of ILSVRC2012_ID and WNID; is it the devkit's meta.mat?");
    }

    private static Element? Unpacked(ReadOnlyMemory<byte> packed)
    {
        using var zlib = new ZLibStream(new MemoryStream(packed.ToArray()), CompressionMode.Decompress);
        return new Elements(BoundedReader.ReadAll(zlib, "meta.mat")).Next();
    }

    private static Dictionary<int, string>? Synsets(ReadOnlyMemory<byte> matrix)
    {
        var parts = new Elements(matrix);
        var flags = parts.Require(UInt32);
        if ((flags.Span[0] & 0xff) != Structure)
            return null;
        parts.Require(Int32); // dimensions
        parts.Require(Int8); // name
        int width = BinaryPrimitives.ReadInt32LittleEndian(parts.Require(Int32).Span);
        string[] fields =
        [
            .. parts.Require(Int8).ToArray().Chunk(width).Select(text => Encoding.ASCII.GetString(text).TrimEnd('\0')),
        ];
        var synsets = new Dictionary<int, string>();
        while (true)
        {
            var (number, synset) = (-1, "");
            foreach (string field in fields)
            {
                if (parts.Next() is not { } value)
                    return synsets;
                if (field == "ILSVRC2012_ID")
                    number = Number(value.Data);
                else if (field == "WNID")
                    synset = Text(value.Data);
            }

            if (number >= 0 && synset.Length > 0)
                synsets.TryAdd(number, synset);
        }
    }

    private static int Number(ReadOnlyMemory<byte> matrix)
    {
        var value = Value(matrix);
        var data = value.Data.Span;
        return value.Type switch
        {
            Int8 or UInt8 => data[0],
            Int16 or UInt16 => BinaryPrimitives.ReadUInt16LittleEndian(data),
            Int32 or UInt32 => BinaryPrimitives.ReadInt32LittleEndian(data),
            Double => (int)BinaryPrimitives.ReadDoubleLittleEndian(data),
            _ => throw new InvalidDataException($"a class number is of the type {value.Type}."),
        };
    }

    private static string Text(ReadOnlyMemory<byte> matrix)
    {
        var value = Value(matrix);
        return value.Type is UInt16 or Int16
            ? Encoding.Unicode.GetString(value.Data.Span)
            : Encoding.UTF8.GetString(value.Data.Span);
    }

    private static Element Value(ReadOnlyMemory<byte> matrix)
    {
        var parts = new Elements(matrix);
        parts.Require(UInt32);
        parts.Require(Int32);
        parts.Require(Int8);
        return parts.Next() ?? throw new InvalidDataException("a field has no value.");
    }

    private sealed record Element(int Type, ReadOnlyMemory<byte> Data);

    /// <summary>The data elements of a part of the file, one after the other.</summary>
    private sealed class Elements(ReadOnlyMemory<byte> bytes)
    {
        private int _position;

        public Element? Next()
        {
            if (_position + 8 > bytes.Length)
                return null;
            var tag = bytes.Span[_position..];
            uint type = BinaryPrimitives.ReadUInt32LittleEndian(tag);
            if (type >> 16 is > 0 and <= 4 and var small)
            {
                var data = bytes.Slice(_position + 4, (int)small);
                _position += 8;
                return new Element((int)(type & 0xffff), data);
            }

            int length = BinaryPrimitives.ReadInt32LittleEndian(tag[4..]);
            var element = new Element((int)type, bytes.Slice(_position + 8, length));
            bool isPadded = type != Compressed;
            _position += 8 + (isPadded ? (length + 7) / 8 * 8 : length);
            return element;
        }

        public ReadOnlyMemory<byte> Require(int type)
        {
            var element = Next();
            return element?.Type == type
                ? element.Data
                : throw new InvalidDataException($"an element of the type {type} was expected, not {element?.Type}.");
        }
    }
}
