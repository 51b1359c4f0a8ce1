using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Merging;

namespace Dmkd.Contracts.Runs;

/// <summary>
/// Something that happened in a run or a preservation: facts, no sentences. A closed union: all kinds are in this
/// assembly, sealed, and persisted by the name of their type, which therefore never changes. Whoever shows one makes
/// the words.
/// </summary>
[GenerateSerializer, Immutable, Alias("dmkd.RunEvent"), JsonConverter(typeof(RunEventConverter))]
public abstract record RunEvent
{
    private protected RunEvent() { }

    /// <summary>Number, ascending without gaps; after a silo died they go on with a higher one.</summary>
    [Id(0)]
    public long Sequence { get; init; }

    /// <summary>When it happened.</summary>
    [Id(1)]
    public DateTimeOffset At { get; init; }
}

/// <summary>A stage could not go on because somebody did not answer, and is tried again.</summary>
/// <param name="Stage">Name of the phase.</param>
/// <param name="Reason">First line of what went wrong.</param>
[GenerateSerializer, Immutable, Alias("dmkd.StageRetried")]
public sealed record StageRetried([property: Id(0)] string Stage, [property: Id(1)] string Reason) : RunEvent;

/// <summary>The run, or the preservation, cannot go on.</summary>
/// <param name="Stage">Name of the phase it failed in.</param>
/// <param name="Reason">What went wrong, as its error says it.</param>
[GenerateSerializer, Immutable, Alias("dmkd.RunFailed")]
public sealed record RunFailed([property: Id(0)] string Stage, [property: Id(1)] string Reason) : RunEvent;

/// <summary>A lesson that waited for its turn cannot be learned any more, and is left out.</summary>
/// <param name="ClassNames">Names of its classes.</param>
/// <param name="Reason">Why.</param>
[GenerateSerializer, Immutable, Alias("dmkd.LessonRefused")]
public sealed record LessonRefused([property: Id(0)] string[] ClassNames, [property: Id(1)] string Reason) : RunEvent;

/// <summary>The legacy model is trained.</summary>
/// <param name="Architecture">Text form of its architecture.</param>
/// <param name="Accuracy">On the test images of its classes, in [0, 1].</param>
/// <param name="Classes">Number of its classes.</param>
[GenerateSerializer, Immutable, Alias("dmkd.LegacyTrained")]
public sealed record LegacyTrained(
    [property: Id(0)] string Architecture,
    [property: Id(1)] double Accuracy,
    [property: Id(2)] int Classes
) : RunEvent;

/// <summary>An expert was cut out of the legacy model and distilled.</summary>
/// <param name="Module">Its name.</param>
/// <param name="Architecture">Text form of its architecture.</param>
/// <param name="Cluster">Cluster of the partition.</param>
/// <param name="ImportanceShare">Share of the legacy model's importance that its units carry, in [0, 1].</param>
[GenerateSerializer, Immutable, Alias("dmkd.ExpertPreserved")]
public sealed record ExpertPreserved(
    [property: Id(0)] string Module,
    [property: Id(1)] string Architecture,
    [property: Id(2)] int Cluster,
    [property: Id(3)] double ImportanceShare
) : RunEvent;

/// <summary>A task has its module.</summary>
[GenerateSerializer, Immutable, Alias("dmkd.ExpertAdded")]
public sealed record ExpertAdded : RunEvent
{
    /// <summary>The task, from 0.</summary>
    [Id(0)]
    public required int Task { get; init; }

    /// <summary>Tasks of the run.</summary>
    [Id(1)]
    public required int Tasks { get; init; }

    /// <summary>Name of the module.</summary>
    [Id(2)]
    public required string Module { get; init; }

    /// <summary>Names of its classes.</summary>
    [Id(3)]
    public required string[] ClassNames { get; init; }

    /// <summary>Where its first weights come from.</summary>
    [Id(4)]
    public required ModuleOrigin Origin { get; init; }

    /// <summary>Of a spawned module the parent's name; null when that is the legacy model.</summary>
    [Id(5)]
    public string? Parent { get; init; }

    /// <summary>The run that the module was taken over from; null when it is learned here.</summary>
    [Id(6)]
    public string? LearnedBy { get; init; }

    /// <summary>Trainable values.</summary>
    [Id(7)]
    public required long Parameters { get; init; }
}

/// <summary>A round's updates became a version of the module.</summary>
/// <param name="Task">The task, from 0.</param>
/// <param name="Round">The round within the task, from 0.</param>
/// <param name="Version">Number of the version.</param>
/// <param name="Updates">Updates that came in time.</param>
[GenerateSerializer, Immutable, Alias("dmkd.RoundMerged")]
public sealed record RoundMerged(
    [property: Id(0)] int Task,
    [property: Id(1)] int Round,
    [property: Id(2)] int Version,
    [property: Id(3)] int Updates
) : RunEvent
{
    /// <summary>How the merged nodes' training went, by examples; null when none told.</summary>
    [Id(4)]
    public TrainingFigures? Training { get; init; }
}

/// <summary>A round's merge was refused, and the module stays at the version before.</summary>
/// <param name="Task">The task, from 0.</param>
/// <param name="Round">The round within the task, from 0.</param>
/// <param name="Reason">The coordinator's error: limit and value.</param>
[GenerateSerializer, Immutable, Alias("dmkd.RoundRejected")]
public sealed record RoundRejected(
    [property: Id(0)] int Task,
    [property: Id(1)] int Round,
    [property: Id(2)] string Reason
) : RunEvent;

/// <summary>A round that failed is collected once more.</summary>
/// <param name="Task">The task, from 0.</param>
/// <param name="Round">The round within the task, from 0.</param>
/// <param name="Reason">The coordinator's error.</param>
[GenerateSerializer, Immutable, Alias("dmkd.RoundRepeated")]
public sealed record RoundRepeated(
    [property: Id(0)] int Task,
    [property: Id(1)] int Round,
    [property: Id(2)] string Reason
) : RunEvent;

/// <summary>A node's update was refused by a check of the merge.</summary>
/// <param name="Task">The task, from 0.</param>
/// <param name="Round">The round within the task, from 0.</param>
/// <param name="Reason">Module, node, check, limit and value.</param>
[GenerateSerializer, Immutable, Alias("dmkd.UpdateRefused")]
public sealed record UpdateRefused(
    [property: Id(0)] int Task,
    [property: Id(1)] int Round,
    [property: Id(2)] string Reason
) : RunEvent;

/// <summary>A node is not waited for in a round.</summary>
/// <param name="Node">Its key.</param>
/// <param name="Round">The round within the task, from 0.</param>
/// <param name="Reason">Why: its work failed, or it does not answer.</param>
[GenerateSerializer, Immutable, Alias("dmkd.NodeMissed")]
public sealed record NodeMissed(
    [property: Id(0)] string Node,
    [property: Id(1)] int Round,
    [property: Id(2)] string Reason
) : RunEvent;

/// <summary>A node leaves: it is not asked from the next round on.</summary>
/// <param name="Node">Its key.</param>
[GenerateSerializer, Immutable, Alias("dmkd.NodeLeft")]
public sealed record NodeLeft([property: Id(0)] string Node) : RunEvent;

/// <summary>A node joins: it is asked from the next round on.</summary>
/// <param name="Node">Its key.</param>
[GenerateSerializer, Immutable, Alias("dmkd.NodeJoined")]
public sealed record NodeJoined([property: Id(0)] string Node) : RunEvent;

/// <summary>A node did not measure what it was asked to.</summary>
/// <param name="Node">Its key.</param>
/// <param name="Measurement">What it was asked for.</param>
/// <param name="Reason">What came instead of an answer.</param>
[GenerateSerializer, Immutable, Alias("dmkd.NodeSilent")]
public sealed record NodeSilent(
    [property: Id(0)] string Node,
    [property: Id(1)] NodeMeasurement Measurement,
    [property: Id(2)] string Reason
) : RunEvent;

/// <summary>What a node told about its data could not be used.</summary>
/// <param name="Reason">Node, module, check, limit and value.</param>
[GenerateSerializer, Immutable, Alias("dmkd.MeasurementRefused")]
public sealed record MeasurementRefused([property: Id(0)] string Reason) : RunEvent;

/// <summary>A task's expert diverged: after its last merge its loss is many times that of guessing.</summary>
/// <param name="Task">The task, from 0.</param>
/// <param name="Module">Name of the expert.</param>
/// <param name="Loss">Mean cross-entropy on its nodes' data, in nats; may be infinite or NaN.</param>
/// <param name="Guessing">Cross-entropy of guessing among its classes, in nats.</param>
[GenerateSerializer, Immutable, Alias("dmkd.ExpertDiverged")]
public sealed record ExpertDiverged(
    [property: Id(0)] int Task,
    [property: Id(1)] string Module,
    [property: Id(2)] double Loss,
    [property: Id(3)] double Guessing
) : RunEvent;

/// <summary>The routing was fitted.</summary>
/// <param name="Task">The newest task it knows, from 0.</param>
/// <param name="IsDiscriminant">Whether to moments (docs/adr/0019); else to exemplars (docs/adr/0018).</param>
/// <param name="Images">Images or exemplars it was fitted to.</param>
/// <param name="Nodes">Nodes they are of.</param>
[GenerateSerializer, Immutable, Alias("dmkd.GateFitted")]
public sealed record GateFitted(
    [property: Id(0)] int Task,
    [property: Id(1)] bool IsDiscriminant,
    [property: Id(2)] long Images,
    [property: Id(3)] int Nodes
) : RunEvent;

/// <summary>All tasks so far were evaluated. Rates are in [0, 1].</summary>
/// <param name="Task">The newest task, from 0.</param>
/// <param name="Tasks">Tasks of the run.</param>
/// <param name="ClassIncremental">Mean accuracy, class-incremental.</param>
/// <param name="TaskIncremental">Mean accuracy, task-incremental.</param>
/// <param name="RightExpert">Share of images whose most probable expert is their task's.</param>
[GenerateSerializer, Immutable, Alias("dmkd.TaskEvaluated")]
public sealed record TaskEvaluated(
    [property: Id(0)] int Task,
    [property: Id(1)] int Tasks,
    [property: Id(2)] double ClassIncremental,
    [property: Id(3)] double TaskIncremental,
    [property: Id(4)] double RightExpert
) : RunEvent;

/// <summary>
/// A kind of event that this program does not know: a newer one stored it. Its contents are lost when it is stored
/// again.
/// </summary>
/// <param name="Kind">Name of its kind.</param>
[GenerateSerializer, Immutable, Alias("dmkd.UnknownEvent")]
public sealed record UnknownEvent([property: Id(0)] string Kind) : RunEvent;

/// <summary>What a run asks its nodes to measure. Persisted: values are explicit and never renumbered.</summary>
[Alias("dmkd.NodeMeasurement")]
public enum NodeMeasurement
{
    /// <summary>A module's entropy on the node's data (proposal 3.3).</summary>
    Entropy = 0,

    /// <summary>Every expert's scores of the node's exemplars (docs/adr/0018).</summary>
    Exemplars = 1,

    /// <summary>Moments of the node's images in an expert's feature space (docs/adr/0019).</summary>
    Moments = 2,

    /// <summary>The library's answers to the node's held-out examples.</summary>
    Evaluation = 3,
}

/// <summary>
/// Events as JSON: the facts, and <c>kind</c> with the name of the type. A kind that is not known is read as an
/// <see cref="UnknownEvent"/>, so that an older program can still read a newer one's runs.
/// </summary>
public sealed class RunEventConverter : JsonConverter<RunEvent>
{
    private const string Kind = "kind";

    private static readonly Dictionary<string, Type> Kinds = typeof(RunEvent)
        .Assembly.GetTypes()
        .Where(type => type.IsSubclassOf(typeof(RunEvent)))
        .ToDictionary(type => type.Name, StringComparer.Ordinal);

    /// <summary>All kinds.</summary>
    public static IReadOnlyCollection<Type> Types => Kinds.Values;

    /// <inheritdoc/>
    public override RunEvent Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var content = JsonNode.Parse(ref reader)!.AsObject();
        string kind = content[Kind]!.GetValue<string>();
        if (!Kinds.TryGetValue(kind, out var type) || type == typeof(UnknownEvent))
            return Unknown(content, kind);
        content.Remove(Kind);
        return (RunEvent)content.Deserialize(type, options)!;
    }

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, RunEvent value, JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(value);
        var content = JsonSerializer.SerializeToNode(value, value.GetType(), options)!.AsObject();
        content[Kind] = value is UnknownEvent unknown ? unknown.Kind : value.GetType().Name;
        content.WriteTo(writer, options);
    }

    private static UnknownEvent Unknown(JsonObject content, string kind) =>
        new(kind)
        {
            Sequence = content["sequence"]?.GetValue<long>() ?? 0,
            At = content["at"]?.GetValue<DateTimeOffset>() ?? default,
        };
}
