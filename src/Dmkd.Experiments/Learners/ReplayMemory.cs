using Dmkd.Core;
using Dmkd.Core.Devices;
using Dmkd.Core.Modalities.Images;
using Dmkd.Core.Training;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Dmkd.Experiments.Learners;

/// <summary>
/// A reservoir whose images come back augmented anew, as many as a training batch has. Owns its tensors.
/// </summary>
internal sealed class ReplayMemory(int capacity, LearningContext context) : IDisposable
{
    private readonly Reservoir _reservoir = new(capacity, context.RandomFor(SeedPurpose.Memory));
    private readonly Generator _augmentation = context.GeneratorFor(SeedPurpose.Memory);

    /// <summary>Images in it.</summary>
    public int Count => _reservoir.Count;

    /// <summary>Offers a batch.</summary>
    /// <param name="batch">Borrowed.</param>
    /// <param name="logits">What the model answered to it in training; null to keep none. Borrowed.</param>
    public void Add(Batch batch, Tensor? logits = null) => _reservoir.Add(batch.Source!, batch.Labels, logits);

    /// <summary>Draws images, normalised, on the device, in the current scope. There is at least one.</summary>
    public ReplayBatch Draw()
    {
        var drawn = _reservoir.Draw(context.Problem.Settings.Training.BatchSize);
        var device = context.Job.Device;
        var images = ImageTensors.Normalise(ImageAugmentation.Apply(drawn.Images.to(device), _augmentation));
        return new ReplayBatch(images, drawn.Labels.to(device), drawn.Logits?.to(device));
    }

    /// <summary>Disposes the reservoir.</summary>
    public void Dispose()
    {
        _reservoir.Dispose();
        _augmentation.Dispose();
    }
}

/// <summary>Learns every task with a memory of the ones before.</summary>
/// <param name="memory">Becomes its own.</param>
/// <param name="objectiveOf">What a task's training minimises.</param>
internal sealed class ReplayLearner(ReplayMemory memory, Func<ReplayMemory, Objective> objectiveOf) : ITaskLearner
{
    public int Exemplars => memory.Count;

    public Objective BeginTask(int task, ImageTensors data) => objectiveOf(memory);

    public void Dispose() => memory.Dispose();
}

/// <summary>Remembered images, in the scope they were drawn in.</summary>
/// <param name="Images">As a reservoir keeps them, or augmented and normalised. Shape [n, channels, size,
/// size].</param>
/// <param name="Labels">Int64, shape [n].</param>
/// <param name="Logits">What the model answered when the images were stored, shape [n, classes]; null when that was not
/// kept.</param>
internal readonly record struct ReplayBatch(Tensor Images, Tensor Labels, Tensor? Logits);

/// <summary>
/// A sample of a stream of images of unknown length in which each has the same chance to be (Vitter 1985, algorithm R).
/// An image that comes again in another pass counts again. On the CPU. Owns its tensors.
/// </summary>
/// <param name="capacity">Images it keeps at most, at least 1.</param>
/// <param name="random">Source of the choices.</param>
internal sealed class Reservoir(int capacity, Random random) : IDisposable
{
    private Tensor? _pixels;
    private Tensor? _labels;
    private Tensor? _logits;
    private long _seen;

    /// <summary>Images in it.</summary>
    public int Count => (int)Math.Min(_seen, capacity);

    /// <summary>
    /// Where the next image of a stream goes: each free place in turn, then any of [0, seen] with equal chance.
    /// </summary>
    /// <param name="seen">Images that came before.</param>
    /// <param name="capacity">Places there are.</param>
    /// <param name="random">Source of the choice.</param>
    /// <returns>A place in [0, capacity); null when the image is not kept.</returns>
    public static int? PlaceOf(long seen, int capacity, Random random)
    {
        if (seen < capacity)
            return (int)seen;
        long place = random.NextInt64(seen + 1);
        return place < capacity ? (int)place : null;
    }

    /// <summary>Offers images.</summary>
    /// <param name="pixels">uint8, shape [batch, channels, size, size], on the CPU. Borrowed.</param>
    /// <param name="labels">Int64, shape [batch]. Borrowed.</param>
    /// <param name="logits">Float32, shape [batch, classes]; null to keep none, the same for all calls.
    /// Borrowed.</param>
    public void Add(Tensor pixels, Tensor labels, Tensor? logits)
    {
        Dictionary<long, long> rows = []; // by place; a later image of the batch takes an earlier one's
        for (long row = 0; row < pixels.shape[0]; row++)
            if (PlaceOf(_seen++, capacity, random) is { } place)
                rows[place] = row;
        if (rows.Count == 0)
            return;
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        Tensor places = tensor(rows.Keys.ToArray()),
            chosen = tensor(rows.Values.ToArray());
        Store(ref _pixels, pixels);
        Store(ref _labels, labels);
        if (logits is not null)
            Store(ref _logits, logits);

        void Store(ref Tensor? store, Tensor values)
        {
            store ??= zeros([capacity, .. values.shape[1..]], dtype: values.dtype).DetachFromDisposeScope();
            store.index_copy_(0, places, values.detach().cpu().index_select(0, chosen));
        }
    }

    /// <summary>Draws different images with equal chances.</summary>
    /// <param name="count">Images wanted; fewer when there are fewer.</param>
    /// <returns>In the current scope.</returns>
    /// <exception cref="InvalidOperationException">It is empty.</exception>
    public ReplayBatch Draw(int count)
    {
        if (_pixels is null || _labels is null)
            throw new InvalidOperationException("The reservoir is empty: no image was added.");
        long[] places = [.. Enumerable.Range(0, Count)];
        random.Shuffle(places);
        using var chosen = tensor(places[..Math.Min(count, places.Length)]);
        return new ReplayBatch(
            _pixels.index_select(0, chosen),
            _labels.index_select(0, chosen),
            _logits?.index_select(0, chosen)
        );
    }

    /// <summary>Disposes the tensors.</summary>
    public void Dispose()
    {
        _pixels?.Dispose();
        _labels?.Dispose();
        _logits?.Dispose();
    }
}

/// <summary>
/// Experience replay (Riemer et al. 2019, arXiv 1810.11910): each step joins the batch with as many images of a
/// reservoir, <c>L = CE over both together</c>. As in Mammoth's er: one forward pass over both, images stored without
/// augmentation and augmented again when they come back, the reservoir fed at every step of every pass, learning rate
/// 0.1. A step costs two. Differs: the learning rate falls; weight decay 0.0005. Verified: the reservoir's uniformity
/// by test, the procedure against Mammoth's code; not against published accuracies, whose backbone is larger.
/// </summary>
/// <param name="device">Where it computes. Borrowed.</param>
/// <param name="options">How weights are stepped.</param>
/// <param name="exemplars">Images the reservoir keeps, at least 1.</param>
public sealed class ExperienceReplay(DeviceWorker device, TrainingOptions options, int exemplars)
    : SharedHeadLearner(device, options)
{
    /// <summary>Name in results and experiment files.</summary>
    public const string MethodName = "er";

    internal const int UsualExemplars = 200;

    /// <inheritdoc/>
    public override string Name => MethodName;

    /// <summary>Reads <c>exemplars</c> and the parameters of <see cref="LearnerOptions"/>.</summary>
    [Named(MethodName, "experience replay", Order = 6)]
    internal static ExperienceReplay Create(DeviceWorker device, MethodParameters parameters) =>
        new(device, LearnerOptions.Read(parameters, 0.1), parameters.Count("exemplars", UsualExemplars, 1, 1_000_000));

    private protected override ITaskLearner CreateLearner(LearningContext context) =>
        new ReplayLearner(new(exemplars, context), memory => new JoinedCrossEntropy(memory));

    /// <summary>The cross-entropy over batch and memory together, in one forward pass.</summary>
    private sealed class JoinedCrossEntropy(ReplayMemory memory) : Objective
    {
        public override Tensor Loss(TrainingStep step)
        {
            var (images, labels) = (step.Batch.Inputs, step.Batch.Labels);
            if (memory.Count > 0)
            {
                var past = memory.Draw();
                (images, labels) = (cat([images, past.Images]), cat([labels, past.Labels]));
            }

            return F.cross_entropy(step.Model.forward(images), labels);
        }

        public override void AfterStep(TrainingStep step) => memory.Add(step.Batch);
    }
}
