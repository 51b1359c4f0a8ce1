using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Dmkd.Client.Tests.Running;

/// <summary>
/// Reads a safetensors file by the published description of the format, without the program's own reader.
/// </summary>
internal sealed class SafeTensors
{
    private readonly byte[] _bytes;
    private readonly int _dataStart;

    public SafeTensors(string path)
    {
        _bytes = File.ReadAllBytes(path);
        _dataStart = sizeof(ulong) + (int)BinaryPrimitives.ReadUInt64LittleEndian(_bytes);
        using var header = JsonDocument.Parse(_bytes.AsMemory(sizeof(ulong), _dataStart - sizeof(ulong)));
        Header = header.RootElement.Clone();
    }

    /// <summary>The whole header.</summary>
    public JsonElement Header { get; }

    /// <summary>Names of the tensors.</summary>
    public string[] TensorNames => [.. Header.Names().Where(name => name != "__metadata__")];

    /// <summary>A text beside the tensors; null when there is none.</summary>
    public string? this[string key] =>
        Header.GetProperty("__metadata__").TryGetProperty(key, out var value) ? value.GetString() : null;

    /// <summary>Shape of a tensor.</summary>
    public int[] Shape(string name) =>
        [.. Header.GetProperty(name).GetProperty("shape").EnumerateArray().Select(size => size.GetInt32())];

    /// <summary>Values of a float32 tensor.</summary>
    public float[] Floats(string name)
    {
        Assert.Equal("F32", Header.GetProperty(name).GetProperty("dtype").GetString());
        int[] ends =
        [
            .. Header
                .GetProperty(name)
                .GetProperty("data_offsets")
                .EnumerateArray()
                .Select(offset => _dataStart + offset.GetInt32()),
        ];
        return MemoryMarshal.Cast<byte, float>(_bytes.AsSpan(ends[0]..ends[1])).ToArray();
    }
}
