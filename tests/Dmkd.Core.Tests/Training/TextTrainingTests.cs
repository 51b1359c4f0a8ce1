using Dmkd.Core.Training;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Training;

/// <summary>The trainer knows nothing of images: the same loop trains a bag of embedded tokens.</summary>
public sealed class TextTrainingTests
{
    private const int Vocabulary = 20;
    private const int Length = 6;

    [Fact]
    public void Run_SentencesOfTwoTopics_TellsNewOnesApart()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(1);
        using var model = new TokenBag(generator);
        var (ids, labels) = Sentences(64, generator);
        var (newIds, newLabels) = Sentences(64, generator);
        var options = new TrainingOptions
        {
            Epochs = 20,
            BatchSize = 16,
            LearningRate = 0.05,
        };
        var result = Trainer.Run(
            model,
            new TensorData(ids, labels),
            new CrossEntropy(),
            options,
            generator,
            null,
            TestContext.Current.CancellationToken
        );
        using var noGrad = no_grad();
        double accuracy = model.forward(newIds).argmax(1).eq(newLabels).to(float64).mean().item<double>();
        Assert.Equal((64, 80), (result.SampleCount, result.Steps));
        Assert.InRange(accuracy, 0.95, 1);
    }

    // A sentence of topic 0 has words from the first half of the vocabulary, but for one anywhere; one of topic 1 from
    // the second half.
    private static (Tensor Ids, Tensor Labels) Sentences(int count, Generator generator)
    {
        var labels = arange(count, dtype: int64) % 2;
        var ids =
            randint(0, Vocabulary / 2, [count, Length], int64, generator: generator)
            + (labels * (Vocabulary / 2)).unsqueeze(1);
        ids.select(1, 0).copy_(randint(0, Vocabulary, [count], int64, generator: generator));
        return (ids, labels);
    }

    private sealed class TokenBag : nn.Module<Tensor, Tensor>
    {
        private readonly EmbeddingBag _words = nn.EmbeddingBag(Vocabulary, 8);
        private readonly Linear _head = nn.Linear(8, 2);

        public TokenBag(Generator generator)
            : base("bag")
        {
            RegisterComponents();
            using var noGrad = no_grad();
            foreach (var parameter in parameters())
            {
                using var values = randn(parameter.shape, generator: generator);
                parameter.copy_(values);
            }
        }

        public override Tensor forward(Tensor ids)
        {
            using var words = _words.forward(ids, null, null);
            return _head.forward(words);
        }
    }
}
