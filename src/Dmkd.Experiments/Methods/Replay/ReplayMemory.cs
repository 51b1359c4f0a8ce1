using Dmkd.Core;
using Dmkd.Core.Training;
using Dmkd.Experiments.Methods.SharedHead;
using static TorchSharp.torch;

namespace Dmkd.Experiments.Methods.Replay;

/// <summary>A reservoir whose images come back augmented anew, as many as a training batch has. Owns its tensors.</summary>
internal sealed class ReplayMemory(int capacity, LearningContext context) : IDisposable
{
    private readonly Reservoir _reservoir = new(capacity, context.RandomFor(SeedPurpose.Memory));
    private readonly Generator _augmentation = context.GeneratorFor(SeedPurpose.Memory);

    /// <summary>Images in it.</summary>
    public int Count => _reservoir.Count;

    /// <summary>Offers a batch.</summary>
    /// <param name="batch">Borrowed.</param>
    /// <param name="logits">What the model answered to it in training; null to keep none. Borrowed.</param>
    public void Add(TrainingBatch batch, Tensor? logits = null) => _reservoir.Add(batch.Pixels, batch.Labels, logits);

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
