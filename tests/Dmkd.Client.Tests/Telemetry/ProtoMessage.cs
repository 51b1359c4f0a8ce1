using System.Buffers.Binary;
using System.Text;

namespace Dmkd.Client.Tests.Telemetry;

/// <summary>A protobuf message, read without its schema: enough to look into what a process exports.</summary>
internal sealed class ProtoMessage
{
    private readonly List<(int Field, ReadOnlyMemory<byte> Value)> _fields = [];

    public ProtoMessage(ReadOnlyMemory<byte> content)
    {
        while (content.Length > 0)
        {
            ulong key = Varint(ref content);
            int length = (key & 7) switch
            {
                0 => VarintLength(content.Span),
                1 => 8,
                2 => (int)Varint(ref content),
                5 => 4,
                var type => throw new InvalidDataException($"wire type {type} of field {key >> 3}"),
            };
            _fields.Add(((int)(key >> 3), content[..length]));
            content = content[length..];
        }
    }

    /// <summary>Messages in a repeated field, which may lie in a path of fields.</summary>
    public IEnumerable<ProtoMessage> All(params int[] path)
    {
        var children = _fields.Where(field => field.Field == path[0]).Select(field => new ProtoMessage(field.Value));
        return path.Length == 1 ? children : children.SelectMany(child => child.All(path[1..]));
    }

    public string Text(int field) => Encoding.UTF8.GetString(Bytes(field).Span);

    public string Hex(int field) => Convert.ToHexStringLower(Bytes(field).Span);

    /// <summary>A number of fixed length.</summary>
    public ulong Fixed64(int field) => BinaryPrimitives.ReadUInt64LittleEndian(Bytes(field).Span);

    /// <summary>Attributes (key value pairs) of text in a repeated field.</summary>
    public Dictionary<string, string> Attributes(int field) =>
        All(field)
            .Where(pair => pair.All(2).Any())
            .ToDictionary(pair => pair.Text(1), pair => pair.All(2).First().Text(1));

    private ReadOnlyMemory<byte> Bytes(int field) => _fields.FirstOrDefault(known => known.Field == field).Value;

    private static ulong Varint(ref ReadOnlyMemory<byte> content)
    {
        int length = VarintLength(content.Span);
        ulong value = 0;
        for (int i = 0; i < length; i++)
            value |= (ulong)(content.Span[i] & 0x7f) << (7 * i);
        content = content[length..];
        return value;
    }

    private static int VarintLength(ReadOnlySpan<byte> content) => content.IndexOfAnyInRange((byte)0, (byte)0x7f) + 1;
}
