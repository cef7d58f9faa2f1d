enum AgentProtocolTestsStub {}
