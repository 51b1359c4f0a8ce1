namespace Dmkd.Grains.Security.Tokens;

/// <summary>
/// Shows this program's token with every call that it makes. In a silo it takes the place of the token that came with the call under way: what a grain
/// asks of others, the silo asks.
/// </summary>
internal sealed class TokenFilter(TokenSource tokens) : IOutgoingGrainCallFilter
{
    public async Task Invoke(IOutgoingGrainCallContext context)
    {
        // Set in an asynchronous method, it is gone when the call returns. Clients get none: it would let them speak for the silo.
        if (context.TargetId.IsClient()) RequestContext.Remove(CallerToken.Key);
        else RequestContext.Set(CallerToken.Key, tokens.Current());
        await context.Invoke();
    }
}
