using TorchSharp;

namespace Dmkd.Core.Checkpoints;

/// <summary>An element type of the safetensors format that TorchSharp can hold.</summary>
/// <param name="Name">Name in the header, such as <c>F32</c>.</param>
/// <param name="ScalarType">TorchSharp's type.</param>
/// <param name="Bytes">Size of one element.</param>
internal sealed record SafeTensorsType(string Name, torch.ScalarType ScalarType, int Bytes)
{
    /// <summary>The types in the order of their data in a file: the reference implementation's, widest first.</summary>
    private static readonly SafeTensorsType[] InFileOrder =
    [
        new("I64", torch.ScalarType.Int64, 8),
        new("F64", torch.ScalarType.Float64, 8),
        new("F32", torch.ScalarType.Float32, 4),
        new("I32", torch.ScalarType.Int32, 4),
        new("BF16", torch.ScalarType.BFloat16, 2),
        new("F16", torch.ScalarType.Float16, 2),
        new("I16", torch.ScalarType.Int16, 2),
        new("I8", torch.ScalarType.Int8, 1),
        new("U8", torch.ScalarType.Byte, 1),
        new("BOOL", torch.ScalarType.Bool, 1),
    ];

    /// <summary>Names of all types.</summary>
    public static string Names { get; } = string.Join(", ", InFileOrder.Select(type => type.Name));

    /// <summary>Position of this type's tensors in a file.</summary>
    public int FileOrder => Array.IndexOf(InFileOrder, this);

    /// <summary>The type of that name, or null.</summary>
    public static SafeTensorsType? Find(string? name) => Array.Find(InFileOrder, type => type.Name == name);

    /// <summary>The type that holds TorchSharp's, or null.</summary>
    public static SafeTensorsType? Find(torch.ScalarType type) => Array.Find(InFileOrder, known => known.ScalarType == type);
}
