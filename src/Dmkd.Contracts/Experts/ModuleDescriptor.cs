using System.Text.Json.Serialization;

namespace Dmkd.Contracts.Experts;

/// <summary>What never changes about an expert module.</summary>
[GenerateSerializer, Immutable, Alias("dmkd.ModuleDescriptor")]
public sealed record ModuleDescriptor
{
    /// <summary>Library the module belongs to.</summary>
    [Id(0)]
    public required string Library { get; init; }

    /// <summary>Name within the library.</summary>
    [Id(1)]
    public required string Name { get; init; }

    /// <summary>Text form of its architecture, such as <c>convnet(3x32x32;16-32-64-64;8)</c>.</summary>
    [Id(2)]
    public required string Architecture { get; init; }

    /// <summary>The data set's class indices it answers for, in the order of its outputs.</summary>
    [Id(3)]
    public required int[] Classes { get; init; }

    /// <summary>Names of <see cref="Classes"/>.</summary>
    [Id(4)]
    public required string[] ClassNames { get; init; }

    /// <summary>
    /// Of descriptors from before signatures: whether there is an output for each class and view. Only their readers
    /// ask for it.
    /// </summary>
    [Id(5), JsonPropertyName("rotationLabelled"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool TellsViews { get; init; }

    /// <summary>Where its first weights came from.</summary>
    [Id(6)]
    public required ModuleLineage Lineage { get; init; }

    /// <summary>Normalisation of its inputs, by name. Default: standard.</summary>
    [Id(7)]
    public string Normalisation { get; init; } = "standard";

    /// <summary>What it is for. Default: an expert.</summary>
    [Id(8)]
    public ModuleRole Role { get; init; }

    /// <summary>
    /// Text form of what it takes and of what its outputs mean, such as <c>images(pixels:uint8[-1,3,32,32])classes</c>;
    /// null of descriptors from before signatures.
    /// </summary>
    [Id(9)]
    public string? Signature { get; init; }

    /// <summary>Grain key of the module: <c>library/name</c>.</summary>
    public string Key => KeyOf(Library, Name);

    /// <summary>Grain key of a module.</summary>
    public static string KeyOf(string library, string name) => $"{library}/{name}";
}

/// <summary>What a module is for. Persisted: values are explicit and never renumbered.</summary>
[Alias("dmkd.ModuleRole")]
public enum ModuleRole
{
    /// <summary>Answers for its classes.</summary>
    Expert = 0,

    /// <summary>Says which expert to ask: a small network over all classes, run before the experts.</summary>
    Gate = 1,
}

/// <summary>How a module came to be. Persisted: values are explicit and never renumbered.</summary>
[Alias("dmkd.ModuleOrigin")]
public enum ModuleOrigin
{
    /// <summary>Drawn at random.</summary>
    Random = 0,

    /// <summary>Cut out of a legacy model (proposal 3.2).</summary>
    Preserved = 1,

    /// <summary>Started from the features of another module.</summary>
    Spawned = 2,
}
