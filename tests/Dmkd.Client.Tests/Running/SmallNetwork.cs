using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Dmkd.Client.Tests.Running;

/// <summary>
/// A convolutional network that was never trained, as the safetensors file that another program would write.
/// </summary>
internal static class SmallNetwork
{
    private const int Outputs = 10;
    private static readonly int[] Widths = [8, 16, 16, 16];

    /// <summary>The text form that fits it.</summary>
    public const string Architecture = "convnet(3x32x32;8-16-16-16;10)";

    /// <summary>The file, by the published description of the format.</summary>
    public static byte[] File()
    {
        var random = new Random(1);
        var header = new Dictionary<string, object>();
        var values = new List<float>();
        for (int layer = 0; layer < Widths.Length; layer++)
        {
            int inputs = layer == 0 ? 3 : Widths[layer - 1],
                width = Widths[layer];
            Add($"conv{layer + 1}.weight", [width, inputs, 3, 3], () => Normal(random) * MathF.Sqrt(2f / (9 * inputs)));
            Add($"norm{layer + 1}.weight", [width], () => 1);
            Add($"norm{layer + 1}.bias", [width], () => 0);
            Add($"norm{layer + 1}.running_mean", [width], () => 0);
            Add($"norm{layer + 1}.running_var", [width], () => 1);
        }

        Add("head.weight", [Outputs, Widths[^1]], () => Normal(random));
        Add("head.bias", [Outputs], () => 0);
        byte[] head = JsonSerializer.SerializeToUtf8Bytes(header),
            size = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(size, (ulong)head.Length);
        return [.. size, .. head, .. MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(values))];

        void Add(string name, int[] shape, Func<float> draw)
        {
            int count = shape.Aggregate(1, (product, length) => product * length),
                start = sizeof(float) * values.Count;
            for (int i = 0; i < count; i++)
                values.Add(draw());
            header[name] = new
            {
                dtype = "F32",
                shape,
                data_offsets = new[] { start, sizeof(float) * values.Count },
            };
        }
    }

    /// <summary>Box and Muller's method.</summary>
    private static float Normal(Random random) =>
        MathF.Sqrt(-2 * MathF.Log(1 - random.NextSingle())) * MathF.Cos(2 * MathF.PI * random.NextSingle());
}
